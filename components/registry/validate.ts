import { keyArnProblem } from "../arns";
import { type Note, checkKinds } from "../kinds";
import { type Problems, isPlain } from "../problems";
import { checkTags } from "../tags";
import type { BuildRegistryArgs } from "./arguments";
import { registryKinds } from "./kinds";
import { lifecyclePolicyProblems } from "./lifecycle";
import { movingTagProblems } from "./movingTags";
import { organizationProblem, principalProblem, repositoryPolicy } from "./policy";
import { checkExisting, checkNames } from "./validateNames";

/**
 * Checks everything that is known before the program creates anything. Returns the arguments without what is null or of the
 * wrong kind, undefined when they are no object.
 */
export function validateRegistry(
    given: BuildRegistryArgs,
    problems: Pick<Problems, "add">,
): BuildRegistryArgs | undefined {
    const { args, note } = checkKinds(registryKinds, given, (...problem) => problems.add(...problem));
    if (args) {
        repositories(args, note);
        mutability(args, note);
        lifecycle(args, note);
        encryption(args, note);
        sharing(args, note);
        checkTags(args.tags, 50, note);
    }
    return args;
}

function repositories(args: BuildRegistryArgs, note: Note): void {
    const { repositories: created = [], existingRepositories: existing = [], existingCacheRepository } = args;
    if (created.length + existing.length === 0) {
        note("repositories", args.repositories, 'must name at least one repository, for example ["shop/api"]');
    }
    checkNames(args, created, existing, note);
    existing.forEach((repository, i) => checkExisting(repository, `existingRepositories[${i}]`, note));
    if (existingCacheRepository !== undefined) {
        checkExisting(existingCacheRepository, "existingCacheRepository", note);
    }
}

function mutability({ movingTags = [], mutableTags }: BuildRegistryArgs, note: Note): void {
    movingTagProblems(movingTags).forEach(({ index, value, reason }) =>
        note(index === undefined ? "movingTags" : `movingTags[${index}]`, value, reason),
    );
    if (mutableTags && movingTags.length > 0) {
        note("movingTags", movingTags, "says nothing when `mutableTags` is true: take one out");
    }
}

function lifecycle({ lifecyclePolicy, untaggedDays }: BuildRegistryArgs, note: Note): void {
    if (lifecyclePolicy === undefined) {
        return;
    }
    if (untaggedDays !== undefined) {
        note("untaggedDays", untaggedDays, "cannot be given together with `lifecyclePolicy`: choose one");
    }
    lifecyclePolicyProblems(lifecyclePolicy).forEach((reason) => note("lifecyclePolicy", undefined, reason));
}

function encryption({ kmsKeyArn, createKmsKey, namePrefix }: BuildRegistryArgs, note: Note): void {
    if (kmsKeyArn !== undefined && createKmsKey) {
        note("createKmsKey", true, "cannot be given together with `kmsKeyArn`: choose one");
    }
    const reason = isPlain(kmsKeyArn) ? keyArnProblem(kmsKeyArn) : undefined;
    if (reason) {
        note("kmsKeyArn", kmsKeyArn, reason);
    }
    if (createKmsKey && namePrefix?.startsWith("aws/")) {
        note(
            "namePrefix",
            namePrefix,
            "must not start with `aws/` with `createKmsKey`: AWS keeps such aliases for itself",
        );
    }
}

/** https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_SetRepositoryPolicy.html */
const longestPolicy = 10240;

function sharing(args: BuildRegistryArgs, note: Note): void {
    const known = (property: "pullPrincipals" | "pushPrincipals") =>
        (args[property] ?? []).flatMap((principal, i) => {
            const reason = isPlain(principal) ? principalProblem(principal) : undefined;
            if (reason) {
                note(`${property}[${i}]`, principal, reason);
            }
            return isPlain(principal) ? [principal] : [];
        });
    const [pull, push] = [known("pullPrincipals"), known("pushPrincipals")];
    const length = repositoryPolicy({ pull, push })?.length ?? 0;
    if (length > longestPolicy) {
        const reason = `make a policy of ${length} characters, and a repository takes ${longestPolicy}: share with accounts, or by`;
        note(
            push.length > pull.length ? "pushPrincipals" : "pullPrincipals",
            undefined,
            `${reason} \`pullOrganizationId\``,
        );
    }
    const organization = args.pullOrganizationId;
    const reason = isPlain(organization) ? organizationProblem(organization) : undefined;
    if (reason) {
        note("pullOrganizationId", organization, reason);
    }
}
