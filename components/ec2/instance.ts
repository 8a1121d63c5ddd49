import * as ebs from "@pulumi/aws/ebs";
import * as ec2 from "@pulumi/aws/ec2";
import * as ssm from "@pulumi/aws/ssm";
import * as pulumi from "@pulumi/pulumi";
import { propertyError } from "../problems";
import { type Scope, tagsOf } from "./scope";
import { type NodeSettings, defaults } from "./settings";

/** Amazon's parameter with its newest image. https://docs.aws.amazon.com/linux/al2023/ug/ec2.html */
const newestImage = {
    amd64: "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
    arm64: "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64",
} as const;

/** The image that a node would boot if it were made now. */
export function imageOf({ parent }: Scope, { architecture, given }: NodeSettings): pulumi.Output<string> {
    if (given.amiId === undefined) {
        return pulumi.unsecret(ssm.getParameterOutput({ name: newestImage[architecture] }, { parent }).value);
    }
    const wanted = architecture === "amd64" ? "x86_64" : "arm64";
    const image = ec2.getAmiOutput(
        { filters: [{ name: "image-id", values: [given.amiId] }], includeDeprecated: true },
        { parent },
    );
    return image.apply((found) => {
        const path = `nodes.${architecture}.amiId`;
        if (found.architecture !== wanted) {
            const reason = `\`${path}\`: ${found.id} is for ${found.architecture}, and this node's CPU is ${wanted}`;
            throw propertyError(path, reason);
        }
        return found.id;
    });
}

/**
 * The disk of the build cache: its own resource, so that it outlives its instance. It is not protected, because it is only a
 * cache; `cache.retain` keeps it for those who cannot afford one cold build.
 */
export function cacheVolume(
    scope: Scope,
    node: NodeSettings,
    availabilityZone: pulumi.Output<string>,
    keyArn: pulumi.Output<string>,
): ebs.Volume {
    const { sizeGiB, iops, throughputMiBps, snapshotId, retain } = scope.args.cache ?? {};
    return new ebs.Volume(
        `${scope.name}-${node.architecture}-cache`,
        {
            availabilityZone,
            type: "gp3",
            size: sizeGiB ?? defaults.cacheSizeGiB,
            iops: iops ?? defaults.iops,
            throughput: throughputMiBps ?? defaults.throughputMiBps,
            encrypted: true,
            kmsKeyId: keyArn,
            snapshotId,
            tags: tagsOf(scope, `-${node.architecture}-cache`),
        },
        { parent: scope.parent, retainOnDelete: retain ?? false },
    );
}

/**
 * The machine. An instance is replaced before the new one is made, because address and cache volume belong to one machine at a
 * time. A newer base image is no reason to replace it: `amiId` is how people say when.
 */
export function builderInstance(
    scope: Scope,
    node: NodeSettings,
    parts: {
        image: pulumi.Output<string>;
        networkInterface: ec2.NetworkInterface;
        profile: pulumi.Output<string>;
        volume: ebs.Volume;
        keyArn: pulumi.Output<string>;
        userDataBase64: pulumi.Output<string>;
        /** What the first boot needs: rules, rights and parameters. */
        dependsOn: pulumi.Resource[];
    },
): ec2.Instance {
    const { name, parent } = scope;
    const base = `${name}-${node.architecture}`;
    const tags = tagsOf(scope, `-${node.architecture}`);
    const instance = new ec2.Instance(
        `${base}-instance`,
        {
            ami: parts.image,
            instanceType: node.instanceType,
            // The one interface; public address, subnet and groups are its own. There is no key pair.
            primaryNetworkInterface: { networkInterfaceId: parts.networkInterface.id },
            iamInstanceProfile: parts.profile,
            metadataOptions: {
                httpEndpoint: "enabled",
                httpTokens: "required",
                // One hop: an answer does not reach a build step on the bridge.
                httpPutResponseHopLimit: 1,
                httpProtocolIpv6: "disabled",
                // Nothing reads them there, and with them a tag with a space or a slash in its key would fail the start.
                instanceMetadataTags: "disabled",
            },
            rootBlockDevice: {
                volumeType: "gp3",
                volumeSize: node.rootSizeGiB,
                encrypted: true,
                kmsKeyId: parts.keyArn,
                deleteOnTermination: true,
                tags,
            },
            ebsOptimized: true,
            monitoring: true,
            // Powering off is how a node goes to sleep.
            instanceInitiatedShutdownBehavior: "stop",
            maintenanceOptions: { autoRecovery: "default" },
            // Protected against people; `forceDestroy` has to be in the state before a destroy or replacement can use it.
            disableApiTermination: true,
            forceDestroy: true,
            userDataBase64: parts.userDataBase64,
            userDataReplaceOnChange: true,
            tags,
        },
        {
            parent,
            dependsOn: parts.dependsOn,
            deleteBeforeReplace: true,
            ignoreChanges: node.given.amiId === undefined ? ["ami"] : [],
        },
    );
    new ec2.VolumeAttachment(
        `${base}-cache-attachment`,
        {
            deviceName: "/dev/sdf",
            instanceId: instance.id,
            volumeId: parts.volume.id,
            // Detaching a mounted volume hangs.
            stopInstanceBeforeDetaching: true,
        },
        { parent, deleteBeforeReplace: true },
    );
    return instance;
}
