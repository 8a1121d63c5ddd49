/** Domains of the partitions. https://docs.aws.amazon.com/general/latest/gr/ecr.html */
export const partitionDomains: Record<string, string> = {
    aws: "amazonaws.com",
    "aws-us-gov": "amazonaws.com",
    "aws-cn": "amazonaws.com.cn",
    "aws-eusc": "amazonaws.eu",
    "aws-iso": "c2s.ic.gov",
    "aws-iso-b": "sc2s.sgov.gov",
    "aws-iso-e": "cloud.adc-e.uk",
    "aws-iso-f": "csp.hci.ic.gov",
};

/**
 * A service of a region as policies name it: the principal of CloudWatch Logs, and every service in `kms:ViaService`.
 * https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
 */
export function regionalService(name: string, partition: string, region: string): string {
    return `${name}.${region}.${partitionDomains[partition] ?? "amazonaws.com"}`;
}

/** Why a text is no ARN of a KMS key; undefined when it is one. https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id */
export function keyArnProblem(text: string): string | undefined {
    return /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/.test(text)
        ? undefined
        : "must be the ARN of a KMS key, arn:aws:kms:…:key/…, not an alias or an id";
}

/** Why a text is no ARN of an IAM role; undefined when it is one. */
export function roleArnProblem(text: string): string | undefined {
    return /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/.test(text)
        ? undefined
        : "must be the ARN of a role, arn:aws:iam::…:role/…";
}

/** Why a text is no ARN of an IAM policy; undefined when it is one. */
export function policyArnProblem(text: string): string | undefined {
    return /^arn:aws[a-z-]*:iam::(\d{12}|aws):policy\/[\w+=,.@/-]+$/.test(text)
        ? undefined
        : "must be the ARN of a policy, arn:aws:iam::…:policy/…";
}
