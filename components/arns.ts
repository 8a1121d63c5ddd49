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
