import * as pulumi from "@pulumi/pulumi";
import type { Builder, CredentialsParameters } from "../builder";
import { credentialsParameters, limit, parameterName, plainParameter } from "../farm/parameters";
import { scopeOf } from "../farm/scope";
import { without } from "../objects";
import { Problems } from "../problems";
import { associate } from "./association";
import type { CiAccessArgs } from "./arguments";
import type { CiRoleArns } from "./facts";
import { type CiFarm, pullRequestStatements, pushStatements } from "./policies";
import { recordText } from "./recordText";
import { ciRole } from "./role";
import { systemTrusts } from "./trusts";
import { validateAccess } from "./validate";

/**
 * Access for CI systems without a long-lived secret: for each system a role for jobs on protected refs, which builds on the
 * builder and pushes, and one for pull requests, which reads. Jobs take them by their OIDC tokens, tasks on EKS by their
 * service accounts. The builder's record as text is in a parameter that both read.
 *
 *     new CiAccess("ci", {
 *         builder: farm.builder,
 *         kmsKeyArn: builders.kmsKeyArn,
 *         github: { repositories: [{ name: "acme/shop", ownerId: "123456", id: "456789" }], tags: ["v*"] },
 *     });
 *
 * Cost: none.
 */
export class CiAccess extends pulumi.ComponentResource {
    /** ARNs of the roles by system: `github`, `gitlab`, `circleci`, `harness`, `tekton`. */
    public readonly roleArns: pulumi.Output<Record<string, CiRoleArns>>;
    /** Name of the parameter with the builder's record as `builder-setup` reads it. */
    public readonly recordParameter: pulumi.Output<string>;
    /** Name of the same with the credentials of pull requests. Undefined when they do not use the builder. */
    public readonly pullRequestRecordParameter: pulumi.Output<string | undefined>;
    /** Names of the parameters with the credentials of pull requests. Undefined when they do not use the builder. */
    public readonly pullRequestCredentialsParameters: pulumi.Output<CredentialsParameters | undefined>;

    constructor(name: string, args: CiAccessArgs, opts?: pulumi.ComponentResourceOptions) {
        const problems = new Problems();
        const warnings: string[] = [];
        const usable = validateAccess(
            args,
            (path, value, reason) => problems.add(path, value, reason),
            (path, text) => warnings.push(`\`${path}\`: ${text}`),
        );
        args = usable ?? args;
        problems.throwIfAny(`the CI access "${name}"`);
        // The engine keeps what is given here in its state: nothing that holds a secret.
        super("multiarch-builder:index:CiAccess", name, without(args, "pullRequestCredentials"), opts);
        warnings.forEach((warning) => void pulumi.log.warn(warning, this));

        const scope = scopeOf(name, args, this);
        const { builderName } = scope;
        const { pullRequests = {} } = args;
        const builder = pulumi.output(args.builder) as pulumi.Output<Builder>;
        const keyArn = pulumi.output(args.kmsKeyArn);
        const credentials = pullRequests.useBuilder
            ? credentialsParameters(scope, keyArn, args.pullRequestCredentials!, "client-pr")
            : undefined;
        const record = plainParameter(
            scope,
            "ci",
            builder.apply((known) => fittingText(known, this)),
            `Record of builder ${builderName} for CI`,
        );
        const pullRequestRecord =
            credentials &&
            plainParameter(
                scope,
                "ci-pr",
                pulumi
                    .all([builder, credentials])
                    .apply(([known, own]) => fittingText({ ...known, credentialsParameters: own }, this)),
                `Record of builder ${builderName} for pull requests`,
            );

        const recordParameters = ["builder", "ci", ...(credentials ? ["ci-pr"] : [])].map((at) =>
            parameterName(scope, at),
        );
        const farm: pulumi.Output<CiFarm> = pulumi
            .all([scope.partition, scope.region, scope.accountId, keyArn, builder, args.repositoryUrls ?? []])
            .apply(([partition, region, accountId, key, known, repositoryUrls]) => ({
                partition,
                region,
                accountId,
                keyArn: key,
                builder: known,
                recordParameters,
                repositoryUrls,
            }));
        const pushes = farm.apply(pushStatements);
        const reads = pulumi.all([farm, credentials]).apply(([known, own]) => pullRequestStatements(known, own));
        const roles = systemTrusts(scope, args).map(({ system, push, pullRequest }) => {
            const pushRole = ciRole(scope, system, "push", push, pushes);
            const pullRequestRole =
                pullRequest && pullRequests.enabled !== false
                    ? ciRole(scope, system, "pull-request", pullRequest, reads)
                    : undefined;
            if (system === "tekton") {
                associate(scope, args.tekton!, pushRole, pullRequestRole);
            }
            const arns = pullRequestRole
                ? { push: pushRole.arn, pullRequest: pullRequestRole.arn }
                : { push: pushRole.arn };
            return [system, arns] as const;
        });

        this.roleArns = pulumi.output(Object.fromEntries(roles));
        this.recordParameter = record.name;
        this.pullRequestRecordParameter = pulumi.output(pullRequestRecord?.name);
        this.pullRequestCredentialsParameters = pulumi.output(credentials);
        this.registerOutputs({
            roleArns: this.roleArns,
            recordParameter: this.recordParameter,
            pullRequestRecordParameter: this.pullRequestRecordParameter,
            pullRequestCredentialsParameters: this.pullRequestCredentialsParameters,
        });
    }
}

/** The record's text where a parameter holds it. A farm with many replicas works without: jobs take the text in another way. */
function fittingText(builder: Builder, parent: pulumi.Resource): string {
    const text = recordText(builder);
    const size = Buffer.byteLength(text);
    if (size <= limit) {
        return text;
    }
    const reason = `the record of ${builder.name} has ${size} bytes as text, and a standard parameter takes ${limit}`;
    void pulumi.log.warn(`${reason}: give jobs \`record\` of the output \`ci\` as the file of --record`, parent);
    return `${reason}\n`;
}
