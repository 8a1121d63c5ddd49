import type { Value } from "../properties";
import { type Fact, type Item, type Recorded, object, objects, text } from "./recorded";

/** What of the data at rest is encrypted, and with which key. */
export function encryptionFacts(recorded: Recorded): Fact[] {
    const key = (given: Value | undefined) => (typeof given === "string" ? recorded.called(given) : undefined);
    return recorded.items.flatMap((item): Fact[] => (readers[item.type] ?? (() => []))(item, key));
}

type Reader = (item: Item, key: (given: Value | undefined) => string | undefined) => Fact[];

const topic = "encryption";
const withKey = (subject: string, key: string | undefined, own: string): Fact => ({
    topic,
    subject,
    text: `encrypted with ${key ?? own}`,
    warning: false,
});
const plain = (subject: string, text = "NOT ENCRYPTED"): Fact => ({ topic, subject, text, warning: true });

/** By type of resource. */
const readers: Record<string, Reader> = {
    "aws:ebs/volume:Volume": ({ name, inputs }, key) => [disk(name, inputs, key)],
    "aws:ec2/instance:Instance": ({ name, inputs }, key) => {
        const root = inputs.rootBlockDevice;
        return [
            disk(`${name} (root volume)`, object(root), key),
            ...objects(inputs.ebsBlockDevices).map((device) =>
                disk(`${name} (${text(device.deviceName)})`, device, key),
            ),
        ];
    },
    "aws:ec2/launchTemplate:LaunchTemplate": ({ name, inputs }, key) =>
        objects(inputs.blockDeviceMappings).map(({ deviceName, ebs }) =>
            disk(`${name} (${text(deviceName)})`, object(ebs), key),
        ),
    "kubernetes:storage.k8s.io/v1:StorageClass": ({ name, inputs }, key) => [
        disk(name, object(inputs.parameters), key),
    ],
    "kubernetes:core/v1:Secret": ({ name }) => [
        { topic, subject: name, text: "encrypted as the cluster encrypts its Secrets", warning: false },
    ],
    "aws:ssm/parameter:Parameter": ({ name, inputs, secrets }, key) =>
        inputs.type === "SecureString"
            ? [withKey(name, key(inputs.keyId), "the account's own key for SSM")]
            : secrets.includes("value")
              ? [plain(name, "A SECRET, NOT ENCRYPTED")]
              : [{ topic, subject: name, text: "not encrypted, holds no secret", warning: false }],
    "aws:cloudwatch/logGroup:LogGroup": ({ name, inputs }, key) => [
        withKey(name, key(inputs.kmsKeyId), "AWS's own key for logs"),
    ],
    "aws:ecr/repository:Repository": ({ name, inputs }, key) => {
        const [{ encryptionType, kmsKey } = {} as { [key: string]: Value }] = objects(inputs.encryptionConfigurations);
        const own = encryptionType === "KMS" ? "the account's own key for ECR" : "AWS's own key (AES256)";
        return [withKey(name, key(kmsKey), own)];
    },
    "aws:kms/key:Key": ({ name, inputs }) => [
        inputs.enableKeyRotation === true
            ? { topic, subject: name, text: "a key of its own, rotated every year", warning: false }
            : plain(name, "A KEY THAT IS NEVER ROTATED"),
    ],
};

function disk(
    subject: string,
    device: { [key: string]: Value },
    key: (given: Value | undefined) => string | undefined,
): Fact {
    return text(device.encrypted) === "true"
        ? withKey(subject, key(device.kmsKeyId), "the account's own key for EBS")
        : plain(subject);
}
