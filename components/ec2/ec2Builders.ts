import type * as ec2 from "@pulumi/aws/ec2";
import * as pulumi from "@pulumi/pulumi";
import type { BuilderNode, CredentialsParameters } from "../builder";
import { recordParameter } from "../farm/parameters";
import { builderRecord } from "../farm/record";
import { nodePort } from "../node/paths";
import { present, without } from "../objects";
import { Problems } from "../problems";
import type { Ec2BuildersArgs } from "./arguments";
import { nodeRecord, privateZone } from "./dns";
import { type Identity, identityOf } from "./identity";
import { builderInstance, cacheVolume, imageOf } from "./instance";
import { encryptionKey } from "./key";
import { logGroup, nodeAlarms } from "./monitoring";
import { networkInterface, placeOf } from "./network";
import { tlsParameters } from "./parameters";
import { instanceProfile } from "./role";
import { type Scope, scopeOf } from "./scope";
import { type NodeSettings, accessOf, defaults, nodeSettings } from "./settings";
import { userDataOf } from "./userData";
import { validateEc2 } from "./validate";

/**
 * A native BuildKit node per CPU architecture, each an EC2 instance in a private subnet, with mutual TLS, a stable address and
 * a cache volume that outlives the instance. An idle node powers itself off; a build starts it again.
 *
 *     const tls = new BuilderTls("ci", { nodes: ec2TlsNodes("ci", {}) });
 *     const builders = new Ec2Builders("ci", {
 *         subnetId: "subnet-0123456789abcdef0",
 *         access: { securityGroupIds: [runners.id] },
 *         tls: { clientCa: tls.clientCa, nodeCertificates: tls.nodeCertificates, credentials: … },
 *     });
 *
 * Cost: by default a c7i.xlarge and a c8g.xlarge while they run, two root volumes of 30 GiB and two cache volumes of 100 GiB
 * always, and a KMS key. A destroy removes everything: protected nodes too, and cache volumes unless `cache.retain`; the key
 * is deleted 30 days later.
 */
export class Ec2Builders extends pulumi.ComponentResource {
    /** The nodes as they go into the builder's record. */
    public readonly nodes: pulumi.Output<BuilderNode[]>;
    /** Names of the parameters with the client credentials, for CI jobs. */
    public readonly credentialsParameters: pulumi.Output<CredentialsParameters>;
    /** Name of the parameter with the builder's record. */
    public readonly recordParameter: pulumi.Output<string>;
    /** Ids of the instances by name of the node. */
    public readonly instanceIds: pulumi.Output<Record<string, string>>;
    /** ARNs of the instances by name of the node. */
    public readonly instanceArns: pulumi.Output<Record<string, string>>;
    /** Ids of the cache volumes by name of the node. */
    public readonly cacheVolumeIds: pulumi.Output<Record<string, string>>;
    /** Images that nodes would boot if they were made now: to move to a newer one, set it as a node's `amiId`. */
    public readonly imageIds: pulumi.Output<Record<string, string>>;
    /** Id of each node's security group by name of the node. */
    public readonly securityGroupIds: pulumi.Output<Record<string, string>>;
    /** ARN of the key of volumes, parameters and logs. */
    public readonly kmsKeyArn: pulumi.Output<string>;

    constructor(name: string, args: Ec2BuildersArgs, opts?: pulumi.ComponentResourceOptions) {
        const problems = new Problems();
        const warnings: string[] = [];
        const usable = validateEc2(
            name,
            args,
            (path, value, reason) => problems.add(path, value, reason),
            (path, text) => warnings.push(`\`${path}\`: ${text}`),
        );
        args = usable ?? args;
        problems.throwIfAny(`the EC2 builders "${name}"`);
        // The engine keeps what is given here in its state: nothing that holds a secret.
        super("multiarch-builder:index:Ec2Builders", name, without(args, "tls"), opts);
        warnings.forEach((warning) => void pulumi.log.warn(warning, this));

        const scope = scopeOf(name, args, this);
        const settings = nodeSettings(scope.builderName, args);
        const keyArn = encryptionKey(scope);
        const logs = logGroup(scope, keyArn);
        const parameters = tlsParameters(scope, keyArn, settings);
        const places = settings.map((node) => placeOf(scope, node));
        const zone = args.dns && privateZone(scope, args.dns, places[0]!.vpcId);
        const made = settings.map((node, i) => {
            const own = parameters.ofNode.get(node.name)!;
            const network = networkInterface(scope, node, places[i]!);
            const access = { keyArn, parameters: own, logGroupArn: logs.arn };
            const { profile, policy } = instanceProfile(scope, node, access);
            const volume = cacheVolume(scope, node, places[i]!.availabilityZone, keyArn);
            const image = imageOf(scope, node);
            const instance = builderInstance(scope, node, {
                image,
                networkInterface: network.networkInterface,
                profile: profile.name,
                volume,
                keyArn,
                userDataBase64: userDataOf(scope, node, { own, volumeId: volume.id, logGroupName: logs.name }),
                dependsOn: [policy, ...network.rules, own.serverCert, own.serverKey, own.clientCa],
            });
            nodeAlarms(scope, node, instance);
            if (zone) {
                nodeRecord(scope, node, zone, network.networkInterface);
            }
            return { node, instance, volume, image, network };
        });

        const identity = identityOf(args.wakeIdentity, this);
        this.nodes = pulumi.all(made.map((each) => recordNode(scope, each.node, each, identity)));
        this.credentialsParameters = parameters.credentials;
        this.recordParameter = recordParameter(
            scope,
            builderRecord(scope.builderName, {
                nodes: this.nodes,
                imageRepositoryUrl: args.imageRepositoryUrl,
                cacheRepositoryUrl: args.cacheRepositoryUrl,
                credentialsParameters: this.credentialsParameters,
            }),
        ).name;
        const byNode = <T>(valueOf: (each: (typeof made)[number]) => pulumi.Input<T>) =>
            pulumi.output(Object.fromEntries(made.map((each) => [each.node.name, valueOf(each)]))) as pulumi.Output<
                Record<string, T>
            >;
        this.instanceIds = byNode((each) => each.instance.id);
        this.instanceArns = byNode((each) => each.instance.arn);
        this.cacheVolumeIds = byNode((each) => each.volume.id);
        this.imageIds = byNode((each) => each.image);
        this.securityGroupIds = byNode((each) => each.network.group.id);
        this.kmsKeyArn = keyArn;
        this.registerOutputs({
            nodes: this.nodes,
            credentialsParameters: this.credentialsParameters,
            recordParameter: this.recordParameter,
            instanceIds: this.instanceIds,
            instanceArns: this.instanceArns,
            cacheVolumeIds: this.cacheVolumeIds,
            imageIds: this.imageIds,
            securityGroupIds: this.securityGroupIds,
            kmsKeyArn: this.kmsKeyArn,
        });
    }
}

function recordNode(
    { args, region }: Scope,
    node: NodeSettings,
    made: { instance: ec2.Instance; network: { networkInterface: ec2.NetworkInterface } },
    identity: pulumi.Output<Identity>,
): pulumi.Output<BuilderNode> {
    const { ssm } = accessOf(args);
    const sleeps = (args.idleStopMinutes ?? defaults.idleStopMinutes) > 0;
    return pulumi
        .all([made.network.networkInterface.privateIp, made.instance.id, region, identity])
        .apply(([address, instanceId, where, who]): BuilderNode => {
            const reach = { region: where, instanceId, ...who };
            return present({
                name: node.name,
                platforms: node.platforms,
                emulated: node.marked.length > 0 ? node.marked : undefined,
                endpoint: `tcp://${args.dns && !ssm ? node.serverName : address}:${nodePort}`,
                serverName: node.serverName,
                wake: sleeps ? { kind: "ec2", ...reach } : undefined,
                access: ssm ? { kind: "ssm", ...reach } : undefined,
            });
        });
}
