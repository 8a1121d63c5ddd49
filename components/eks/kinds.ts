import {
    type Kind,
    choice,
    hidden,
    input,
    isInput,
    list,
    map,
    object,
    objects,
    plainFlag,
    plainText,
    plainTexts,
    text,
    whole,
} from "../kinds";
import {
    EksCapacity,
    type EksBuildersArgs,
    EksExposure,
    EksOperatingSystem,
    EksProvisioning,
    EksSecurity,
    EksTaintEffect,
} from "./arguments";

/** A kind that must be known when the program runs. */
function plain(kind: Kind): Kind {
    return (value, path, note) => {
        if (!isInput(value)) {
            return kind(value, path, note);
        }
        note(path, undefined, "must be a plain value, no Output: it decides what is made");
        return undefined;
    };
}

const oneOf = (texts: object) => plain(choice(Object.values(texts) as string[]));
const labels = plain(map(plainText));
const taint = { key: plainText, value: plainText, effect: oneOf(EksTaintEffect) };

const node = object({
    replicas: whole(1, 10),
    platforms: plainTexts("[linux/386]"),
    emulated: plainTexts("[linux/s390x]"),
    group: object({
        instanceTypes: plainTexts("[c8g.xlarge]"),
        operatingSystem: oneOf(EksOperatingSystem),
        capacity: oneOf(EksCapacity),
        minSize: whole(0, 450),
        maxSize: whole(1, 450),
        diskSizeGiB: whole(20, 16384, { unit: "GiB" }),
        taint: object(taint),
        labels,
    }),
    resources: object({ cpuMillis: whole(250, 4096_000), memoryMiB: whole(1024, 64 * 1024 * 1024, { unit: "MiB" }) }),
    nodeSelector: labels,
    tolerations: objects(taint, "[{ key, value, effect }]"),
});

const keyPair = object({ cert: text, key: text });

/** What kind of value each argument is. Secrets are in no error text. */
const kinds: Record<keyof EksBuildersArgs, Kind> = {
    builderName: plainText,
    clusterName: text,
    provisioning: oneOf(EksProvisioning),
    subnetIds: list(text, "[subnet-0123456789abcdef0]"),
    vpcCniOnNodeRole: plainFlag,
    namespace: plainText,
    createNamespace: plainFlag,
    nodes: object({ amd64: node, arm64: node }),
    cache: object({
        sizeGiB: whole(50, 65536, { unit: "GiB" }),
        iops: whole(3000, 80000),
        throughputMiBps: whole(125, 2000, { unit: "MiB/s" }),
        provisioner: plain(choice(["ebs.csi.aws.com", "ebs.csi.eks.amazonaws.com"])),
        storageClassName: plainText,
    }),
    volumesKmsKeyArn: text,
    security: oneOf(EksSecurity),
    exposure: oneOf(EksExposure),
    loadBalancer: object({
        subnetIds: list(text, "[subnet-0123456789abcdef0]"),
        loadBalancerClass: plain(choice(["service.k8s.aws/nlb", "eks.amazonaws.com/nlb"])),
    }),
    access: object({
        namespaces: plainTexts("[runners]"),
        cidrs: plainTexts("[10.0.0.0/16]"),
        groups: plainTexts("[ci]"),
    }),
    egress: object({ ports: list(whole(1, 65535), "[80, 443]"), cidrs: plainTexts("[0.0.0.0/0]") }),
    bridgeSubnet: plainText,
    stopTimeoutSeconds: whole(30, 3600, { unit: "seconds" }),
    mirrors: objects({ registry: plainText, mirrors: plainTexts("[mirror.acme.io]") }, "[{ registry, mirrors }]"),
    registries: objects({ host: plainText, ca: hidden(plainText), http: plainFlag }, "[{ host, ca }]"),
    image: text,
    tls: hidden(
        object({
            clientCa: text,
            nodeCertificates: map(input(keyPair)),
            credentials: input(object({ ca: text, cert: text, key: text })),
        }),
    ),
    imageRepositoryUrl: text,
    cacheRepositoryUrl: text,
    kmsKeyArn: text,
    parameterPrefix: plainText,
    tags: map(text),
    permissionsBoundary: text,
    rolePath: plainText,
    namePrefix: plainText,
};

export const eksKinds = object(kinds);
