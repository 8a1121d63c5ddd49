import {
    type Kind,
    hidden,
    input,
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
import type { Ec2BuildersArgs } from "./arguments";

const node = object({
    instanceType: plainText,
    vcpus: whole(1, 4096),
    memoryMiB: whole(1024, 64 * 1024 * 1024, { unit: "MiB" }),
    amiId: text,
    platforms: plainTexts("[linux/386]"),
    emulated: plainTexts("[linux/s390x]"),
    subnetId: text,
    rootSizeGiB: whole(20, 65536, { unit: "GiB" }),
});

const keyPair = object({ cert: text, key: text });

/** What kind of value each argument is. Secrets are in no error text. */
const kinds: Record<keyof Ec2BuildersArgs, Kind> = {
    builderName: plainText,
    subnetId: text,
    vpcId: text,
    nodes: object({ amd64: node, arm64: node }),
    cache: object({
        sizeGiB: whole(50, 65536, { unit: "GiB" }),
        iops: whole(3000, 80000),
        throughputMiBps: whole(125, 2000, { unit: "MiB/s" }),
        snapshotId: text,
        retain: plainFlag,
    }),
    idleStopMinutes: whole(5, 1440, { unit: "minutes", zero: true }),
    stopTimeoutSeconds: whole(30, 3600, { unit: "seconds" }),
    access: object({
        securityGroupIds: list(text, "[sg-0123456789abcdef0]"),
        cidrs: plainTexts("[10.0.0.0/16]"),
        prefixListIds: list(text, "[pl-0123456789abcdef0]"),
        ssm: plainFlag,
    }),
    egress: object({
        ports: list(whole(1, 65535), "[80, 443]"),
        cidrs: plainTexts("[0.0.0.0/0]"),
        prefixListIds: list(text, "[pl-0123456789abcdef0]"),
    }),
    bridgeSubnet: plainText,
    mirrors: objects({ registry: plainText, mirrors: plainTexts("[mirror.acme.io]") }, "[{ registry, mirrors }]"),
    registries: objects({ host: plainText, ca: hidden(plainText), http: plainFlag }, "[{ host, ca }]"),
    proxy: object({ http: hidden(plainText), https: hidden(plainText), noProxy: plainText }),
    buildkit: object({ version: plainText, amd64Sha256: plainText, arm64Sha256: plainText, baseUrl: plainText }),
    dns: object({ zoneName: plainText, zoneId: text }),
    monitoring: object({
        logRetentionDays: whole(1, 3653, { unit: "days" }),
        alarmActionArns: list(text, "[arn:aws:sns:eu-central-1:111122223333:ops]"),
        awakeHours: whole(2, 168, { unit: "hours" }),
    }),
    wakeIdentity: object({ profile: text, roleArn: text }),
    tls: hidden(
        object({
            clientCa: text,
            nodeCertificates: map(input(keyPair)),
            credentials: input(object({ ca: text, cert: text, key: text })),
        }),
    ),
    kmsKeyArn: text,
    imageRepositoryUrl: text,
    cacheRepositoryUrl: text,
    parameterPrefix: plainText,
    tags: map(text),
    permissionsBoundary: text,
    rolePath: plainText,
    namePrefix: plainText,
};

export const ec2Kinds = object(kinds);
