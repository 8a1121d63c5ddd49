import { type Kind, anything, hidden, isInput, list, map, object, plainFlag, plainText, text } from "../kinds";

/** A number that decides what is made, in a range. */
function whole(from: number, to: number, zero = false): Kind {
    return (value, path, note) => {
        const fits = Number.isInteger(value) && (value as number) >= from && (value as number) <= to;
        if (fits || (zero && value === 0)) {
            return value;
        }
        const allowed = `must be a whole number from ${from} to ${to}${zero ? ", or 0 for never" : ""}`;
        note(path, isInput(value) ? undefined : value, allowed);
        return undefined;
    };
}

const node = object({
    instanceType: plainText,
    vcpus: whole(1, 4096),
    memoryMiB: whole(1024, 64 * 1024 * 1024),
    amiId: text,
    platforms: list(plainText, "[linux/386]"),
    emulated: list(plainText, "[linux/s390x]"),
    subnetId: text,
    rootSizeGiB: whole(20, 65536),
});

/** What kind of value each argument is. Secrets are in no error text. */
export const ec2Kinds = object({
    builderName: plainText,
    subnetId: text,
    vpcId: text,
    nodes: object({ amd64: node, arm64: node }),
    cache: object({
        sizeGiB: whole(50, 65536),
        iops: whole(3000, 80000),
        throughputMiBps: whole(125, 2000),
        snapshotId: text,
        retain: plainFlag,
    }),
    idleStopMinutes: whole(5, 1440, true),
    stopTimeoutSeconds: whole(30, 3600),
    access: object({
        securityGroupIds: list(text, "[sg-0123456789abcdef0]"),
        cidrs: list(plainText, "[10.0.0.0/16]"),
        prefixListIds: list(text, "[pl-0123456789abcdef0]"),
        ssm: plainFlag,
    }),
    egress: object({
        ports: list(whole(1, 65535), "[80, 443]"),
        cidrs: list(plainText, "[0.0.0.0/0]"),
        prefixListIds: list(text, "[pl-0123456789abcdef0]"),
    }),
    bridgeSubnet: plainText,
    mirrors: list(
        object({ registry: plainText, mirrors: list(plainText, "[mirror.acme.io]") }),
        "[{ registry, mirrors }]",
    ),
    registries: list(object({ host: plainText, ca: plainText, http: plainFlag }), "[{ host, ca }]"),
    proxy: object({ http: hidden(plainText), https: hidden(plainText), noProxy: plainText }),
    buildkit: object({ version: plainText, amd64Sha256: plainText, arm64Sha256: plainText, baseUrl: plainText }),
    dns: object({ zoneName: plainText, zoneId: text }),
    monitoring: object({
        logRetentionDays: whole(1, 3653),
        alarmActionArns: list(text, "[arn:aws:sns:eu-central-1:111122223333:ops]"),
        awakeHours: whole(2, 168),
    }),
    wakeIdentity: object({ profile: text, roleArn: text }),
    tls: hidden(anything),
    kmsKeyArn: text,
    imageRepositoryUrl: text,
    cacheRepositoryUrl: text,
    parameterPrefix: plainText,
    tags: map(text),
    permissionsBoundary: text,
    rolePath: plainText,
    namePrefix: plainText,
});
