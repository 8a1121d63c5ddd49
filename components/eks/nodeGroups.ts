import { LaunchTemplate } from "@pulumi/aws/ec2";
import { NodeGroup } from "@pulumi/aws/eks";
import * as pulumi from "@pulumi/pulumi";
import { architecturesOf } from "../ec2/settings";
import type { Architecture } from "../ec2/instanceTypes";
import { type Scope, physicalPrefix, tagsOf } from "../farm/scope";
import { isPlain } from "../problems";
import { EksCapacity, type EksBuildersArgs, EksOperatingSystem, EksTaintEffect } from "./arguments";
import { isReserved } from "./labels";
import type { NodeRole } from "./nodeRole";
import { type GroupSettings, defaults, firstSize, groupSettings } from "./settings";
import { userDataOf } from "./userData";

/**
 * A managed node group per architecture and subnet: a cache volume stays in its zone, and an autoscaler must be able to add a
 * machine in just that zone.
 */
export function nodeGroups(
    scope: Scope<EksBuildersArgs>,
    clusterName: pulumi.Output<string>,
    role: NodeRole,
): NodeGroup[] {
    const { args, builderName } = scope;
    return architecturesOf(args).flatMap((architecture) => {
        const node = args.nodes?.[architecture] ?? {};
        const settings = groupSettings(builderName, architecture, node);
        const template = launchTemplate(scope, architecture, settings);
        const subnetIds = args.subnetIds ?? [];
        return subnetIds.map((subnetId, i) => {
            const desiredSize = firstSize(settings, node.replicas ?? defaults.replicas, i, subnetIds.length);
            return nodeGroup(scope, architecture, settings, { clusterName, role, template, subnetId, i, desiredSize });
        });
    });
}

const amiTypes: Record<EksOperatingSystem, Record<Architecture, string>> = {
    [EksOperatingSystem.AmazonLinux2023]: { amd64: "AL2023_x86_64_STANDARD", arm64: "AL2023_ARM_64_STANDARD" },
    [EksOperatingSystem.Bottlerocket]: { amd64: "BOTTLEROCKET_x86_64", arm64: "BOTTLEROCKET_ARM_64" },
};

/** EKS has its own spelling of Kubernetes' effects. https://docs.aws.amazon.com/eks/latest/APIReference/API_Taint.html */
const effects: Record<EksTaintEffect, string> = {
    [EksTaintEffect.NoSchedule]: "NO_SCHEDULE",
    [EksTaintEffect.PreferNoSchedule]: "PREFER_NO_SCHEDULE",
    [EksTaintEffect.NoExecute]: "NO_EXECUTE",
};

function nodeGroup(
    scope: Scope<EksBuildersArgs>,
    architecture: Architecture,
    settings: GroupSettings,
    parts: {
        clusterName: pulumi.Output<string>;
        role: NodeRole;
        template: LaunchTemplate;
        subnetId: pulumi.Input<string>;
        i: number;
        desiredSize: number;
    },
): NodeGroup {
    const { clusterName, role, template, subnetId, i, desiredSize } = parts;
    const { minSize, maxSize, taint } = settings;
    return new NodeGroup(
        `${scope.name}-${architecture}-group-${isPlain(subnetId) ? subnetId : i}`,
        {
            clusterName,
            nodeGroupNamePrefix: physicalPrefix(scope, `-${architecture}`, 37),
            nodeRoleArn: role.arn,
            subnetIds: [subnetId],
            amiType: amiTypes[settings.operatingSystem][architecture],
            capacityType: settings.capacity === EksCapacity.Spot ? "SPOT" : "ON_DEMAND",
            instanceTypes: settings.instanceTypes,
            scalingConfig: { minSize, maxSize, desiredSize },
            labels: settings.labels,
            taints: isReserved(taint.key) ? [] : [{ ...taint, effect: effects[taint.effect] }],
            updateConfig: { maxUnavailable: 1 },
            nodeRepairConfig: { enabled: true },
            launchTemplate: { id: template.id, version: template.latestVersion.apply(String) },
            tags: tagsOf(scope, `-${architecture}`),
        },
        {
            parent: scope.parent,
            dependsOn: role.rights,
            // The autoscaler's.
            ignoreChanges: ["scalingConfig.desiredSize"],
        },
    );
}

/** Disks are encrypted, and an answer of the metadata service does not reach a pod: it is one hop away. */
function launchTemplate(
    scope: Scope<EksBuildersArgs>,
    architecture: Architecture,
    settings: GroupSettings,
): LaunchTemplate {
    const tags = tagsOf(scope, `-${architecture}`);
    return new LaunchTemplate(
        `${scope.name}-${architecture}-template`,
        {
            namePrefix: physicalPrefix(scope, `-${architecture}`, 100),
            description: `Machines of builder ${scope.builderName}, ${architecture}`,
            metadataOptions: {
                httpEndpoint: "enabled",
                httpTokens: "required",
                httpPutResponseHopLimit: 1,
                httpProtocolIpv6: "disabled",
                instanceMetadataTags: "disabled",
            },
            blockDeviceMappings: disks(settings).map(({ deviceName, volumeSize }) => ({
                deviceName,
                ebs: {
                    volumeType: "gp3",
                    volumeSize,
                    encrypted: "true",
                    kmsKeyId: scope.args.volumesKmsKeyArn,
                    deleteOnTermination: "true",
                },
            })),
            monitoring: { enabled: true },
            userData: userDataOf(settings, scope.args.security),
            tagSpecifications: ["instance", "volume"].map((resourceType) => ({ resourceType, tags })),
            updateDefaultVersion: true,
            tags,
        },
        { parent: scope.parent },
    );
}

/** Bottlerocket has its system on a small disk of its own. */
function disks({ operatingSystem, diskSizeGiB }: GroupSettings): { deviceName: string; volumeSize?: number }[] {
    return operatingSystem === EksOperatingSystem.Bottlerocket
        ? [{ deviceName: "/dev/xvda" }, { deviceName: "/dev/xvdb", volumeSize: diskSizeGiB }]
        : [{ deviceName: "/dev/xvda", volumeSize: diskSizeGiB }];
}
