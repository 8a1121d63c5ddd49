import { equal, isObject, type Properties, type Value } from "../properties";

/**
 * Properties that AWS cannot change: a new value takes a new resource. `ForceNew` in the provider's sources,
 * https://github.com/hashicorp/terraform-provider-aws/tree/main/internal/service
 */
const fixed: Record<string, string[]> = {
    "aws:ec2/securityGroup:SecurityGroup": ["name", "namePrefix", "description", "vpcId"],
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": ["securityGroupId"],
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": ["securityGroupId"],
    "aws:ec2/networkInterface:NetworkInterface": ["subnetId"],
    "aws:ebs/volume:Volume": ["availabilityZone", "encrypted", "kmsKeyId", "snapshotId"],
    "aws:ec2/volumeAttachment:VolumeAttachment": ["deviceName", "instanceId", "volumeId"],
    "aws:ec2/instance:Instance": [
        "ami",
        "keyName",
        "primaryNetworkInterface",
        "rootBlockDevice.encrypted",
        "rootBlockDevice.kmsKeyId",
        "subnetId",
    ],
    "aws:iam/role:Role": ["name", "namePrefix", "path"],
    "aws:iam/instanceProfile:InstanceProfile": ["name", "namePrefix", "path"],
    "aws:iam/rolePolicy:RolePolicy": ["name", "namePrefix", "role"],
    "aws:cloudwatch/logGroup:LogGroup": ["name", "namePrefix"],
    "aws:cloudwatch/metricAlarm:MetricAlarm": ["name"],
    "aws:ecr/repository:Repository": ["name", "encryptionConfigurations"],
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": ["repository"],
    "aws:ecr/repositoryPolicy:RepositoryPolicy": ["repository"],
    "aws:ssm/parameter:Parameter": ["name"],
    "aws:kms/alias:Alias": ["name", "namePrefix"],
    "aws:route53/zone:Zone": ["name"],
    "aws:route53/record:Record": ["name", "zoneId"],
    "aws:ec2/launchTemplate:LaunchTemplate": ["name", "namePrefix"],
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ["role", "policyArn"],
    "aws:eks/nodeGroup:NodeGroup": [
        "amiType",
        "capacityType",
        "clusterName",
        "instanceTypes",
        "nodeGroupName",
        "nodeGroupNamePrefix",
        "nodeRoleArn",
        "subnetIds",
    ],
    // https://github.com/pulumi/pulumi-kubernetes/blob/master/provider/pkg/provider/diff.go
    "kubernetes:apps/v1:StatefulSet": [
        "spec.podManagementPolicy",
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ],
    "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding": ["roleRef"],
    "kubernetes:storage.k8s.io/v1:StorageClass": ["parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"],
};

/** Objects of Kubernetes are found by their names. */
const fixedNames = ["metadata.name", "metadata.namespace"];

/** What of a resource's inputs takes a new resource when it changes. */
export function fixedPaths(type: string, inputs: Properties): string[] {
    const userData = type === "aws:ec2/instance:Instance" && inputs.userDataReplaceOnChange === true;
    return [
        ...(fixed[type] ?? []),
        ...(userData ? ["userData", "userDataBase64"] : []),
        ...(type.startsWith("kubernetes:") ? fixedNames : []),
    ];
}

/** Whether a change of inputs takes a new resource. */
export function takesNew(type: string, old: Properties, inputs: Properties): boolean {
    return fixedPaths(type, inputs).some((path) => !equal(valueAt(old, path), valueAt(inputs, path)));
}

/** The value at a dotted path. */
export function valueAt(inputs: Properties, path: string): Value | undefined {
    return path
        .split(".")
        .reduce<Value | undefined>((value, key) => (isObject(value) ? value[key] : undefined), inputs);
}
