import { getSubnetOutput } from "@pulumi/aws/ec2";
import type { Service } from "@pulumi/kubernetes/core/v1";
import * as pulumi from "@pulumi/pulumi";
import type { BuilderNode, CredentialsParameters } from "../builder";
import { certificatePart } from "../farm/certificates";
import { accountStatement, encryptionKey } from "../farm/key";
import { credentialsParameters, recordParameter } from "../farm/parameters";
import { builderRecord } from "../farm/record";
import { type Scope, scopeOf } from "../farm/scope";
import { buildkitImage } from "../node/pins";
import { without } from "../objects";
import { Problems, propertyError } from "../problems";
import type { EksBuildersArgs } from "./arguments";
import { checkedCluster } from "./cluster";
import { checkedPlaces } from "./existing";
import { createObjects } from "./kubernetes";
import { nodeGroups } from "./nodeGroups";
import { nodeRole } from "./nodeRole";
import { type ManifestSettings, type TlsFiles, checksum } from "./objects";
import { refuseUnknownCluster } from "./provider";
import { recordNodes } from "./record";
import { hasGroups, manifestSettings } from "./settings";
import { imageProblem, validateEks } from "./validate";

/**
 * Native BuildKit builders on an EKS cluster that exists: a StatefulSet per CPU architecture, each replica with mutual TLS and
 * a cache volume of its own, on managed node groups or on machines of the cluster's own autoscaler.
 *
 *     const tls = new BuilderTls("ci", { nodes: eksTlsNodes("ci", {}) });
 *     const builders = new EksBuilders(
 *         "ci",
 *         {
 *             clusterName: "tools",
 *             subnetIds: ["subnet-0123456789abcdef0"],
 *             access: { namespaces: ["runners"] },
 *             tls: { clientCa: tls.clientCa, nodeCertificates: tls.nodeCertificates, credentials: … },
 *         },
 *         { providers: { kubernetes: cluster } },
 *     );
 *
 * Cost: by default a c7i.xlarge and a c8g.xlarge as long as the builders are there, a disk of 50 GiB and a cache volume of
 * 100 GiB each, a KMS key, and a load balancer for each replica where they are asked for. Nothing adds replicas under load,
 * and nothing stops an idle one. A destroy removes the namespace with all caches, unless the namespace was there before.
 */
export class EksBuilders extends pulumi.ComponentResource {
    /** The nodes as they go into the builder's record, one for each replica. */
    public readonly nodes: pulumi.Output<BuilderNode[]>;
    /** Names of the parameters with the client credentials, for CI jobs. */
    public readonly credentialsParameters: pulumi.Output<CredentialsParameters>;
    /** Name of the parameter with the builder's record. */
    public readonly recordParameter: pulumi.Output<string>;
    /** Namespace of the builders. */
    public readonly namespace: pulumi.Output<string>;
    /** Names of the node groups. */
    public readonly nodeGroupNames: pulumi.Output<string[]>;
    /** ARN of the role of the node groups' machines; empty without node groups. */
    public readonly nodeRoleArn: pulumi.Output<string>;
    /** ARN of the key of the parameters. */
    public readonly kmsKeyArn: pulumi.Output<string>;

    constructor(name: string, args: EksBuildersArgs, opts?: pulumi.ComponentResourceOptions) {
        const problems = new Problems();
        const warnings: string[] = [];
        const usable = validateEks(
            name,
            args,
            (path, value, reason) => problems.add(path, value, reason),
            (path, text) => warnings.push(`\`${path}\`: ${text}`),
        );
        args = usable ?? args;
        problems.throwIfAny(`the EKS builders "${name}"`);
        // The engine keeps what is given here in its state: nothing that holds a secret.
        super("multiarch-builder:index:EksBuilders", name, without(args, "tls"), opts);
        refuseUnknownCluster(name, this);
        warnings.forEach((warning) => void pulumi.log.warn(warning, this));

        const scope = scopeOf(name, args, this);
        const clusterName = checkedCluster(scope);
        const settings = settingsOf(scope, pulumi.all([clusterName, checkedPlaces(scope)]));
        const role = hasGroups(args) ? nodeRole(scope) : undefined;
        const groups = role ? nodeGroups(scope, clusterName, role) : [];
        const objects = createObjects(name, settings, groups, this);
        const keyArn = encryptionKey(scope, "parameters", (partition, account) => ({
            Version: "2012-10-17",
            Statement: [accountStatement(partition, account)],
        }));

        this.nodes = nodesOf(settings, objects);
        this.credentialsParameters = credentialsParameters(scope, keyArn, args.tls.credentials);
        this.recordParameter = recordParameter(
            scope,
            builderRecord(scope.builderName, {
                nodes: this.nodes,
                imageRepositoryUrl: args.imageRepositoryUrl,
                cacheRepositoryUrl: args.cacheRepositoryUrl,
                credentialsParameters: this.credentialsParameters,
            }),
        ).name;
        this.namespace = pulumi.output(settings.namespace);
        this.nodeGroupNames = pulumi.all(groups.map((group) => group.nodeGroupName));
        this.nodeRoleArn = role?.arn ?? pulumi.output("");
        this.kmsKeyArn = keyArn;
        this.registerOutputs({
            nodes: this.nodes,
            credentialsParameters: this.credentialsParameters,
            recordParameter: this.recordParameter,
            namespace: this.namespace,
            nodeGroupNames: this.nodeGroupNames,
            nodeRoleArn: this.nodeRoleArn,
            kmsKeyArn: this.kmsKeyArn,
        });
    }
}

/** What the objects are made from, with what is known later in its place. No pod is made before the checks have passed. */
function settingsOf(
    { args, builderName, parent }: Scope<EksBuildersArgs>,
    checks: pulumi.Output<unknown>,
): ManifestSettings<pulumi.Input<string>> {
    const subnetIds = args.loadBalancer?.subnetIds;
    return manifestSettings<pulumi.Input<string>>(builderName, args, {
        image: pulumi.all([args.image ?? buildkitImage, checks]).apply(([image]) => {
            const reason = imageProblem(image);
            if (reason) {
                throw propertyError("image", `\`image\`: ${image} ${reason}`);
            }
            return image;
        }),
        volumesKmsKeyArn: args.volumesKmsKeyArn,
        loadBalancer: subnetIds && {
            subnetIds: pulumi.all(subnetIds).apply((ids) => ids.join(",")),
            subnetCidrs: subnetIds.map((id) => getSubnetOutput({ id }, { parent }).cidrBlock),
        },
        tls: (node) => tlsFiles(args, node),
    });
}

/** A certificate is public, and so is the digest that tells when it changed. */
function tlsFiles({ tls }: EksBuildersArgs, node: string): TlsFiles<pulumi.Input<string>> {
    const cert = certificatePart(tls.nodeCertificates, node, "cert");
    return {
        ca: tls.clientCa,
        cert,
        key: certificatePart(tls.nodeCertificates, node, "key"),
        checksum: pulumi.unsecret(pulumi.all([tls.clientCa, cert]).apply((texts) => checksum(...texts))),
    };
}

/** The record's nodes, known as soon as may be, and not before the builders are there. */
function nodesOf(
    settings: ManifestSettings<pulumi.Input<string>>,
    objects: ReturnType<typeof createObjects>,
): pulumi.Output<BuilderNode[]> {
    const hosts = objects
        .filter(({ object }) => settings.loadBalancer && object.kind === "Service")
        .map(({ object, resource }) =>
            (resource as Service).status.apply((status) => [
                object.metadata.name,
                status?.loadBalancer?.ingress?.[0]?.hostname ?? "",
            ]),
        );
    const ready = objects.map(({ resource }) => resource.urn);
    return pulumi.all([pulumi.all(hosts), pulumi.all(ready)]).apply(([known]) => {
        const hostOf = Object.fromEntries(known as [string, string][]) as Record<string, string>;
        return recordNodes(settings, (pod) => hostOf[pod]!);
    });
}
