import type { EC2ClientConfig } from "@aws-sdk/client-ec2";

/** Under whose name AWS is called, and where: from the builder's record. */
export interface AwsIdentity {
    region: string;
    profile?: string;
    roleArn?: string;
}

/** What a client of the SDK is made from. */
export type AwsClientConfig = Required<Pick<EC2ClientConfig, "region" | "credentials">> &
    Pick<EC2ClientConfig, "requestHandler">;

const configs = new Map<string, Promise<AwsClientConfig>>();

/**
 * The configuration of clients for an identity: the record's profile, else what the environment names, else the default
 * profile; then the record's role. The instance metadata service is never asked: on a shared runner it would be somebody
 * else's identity. The same for every call, so that a role is assumed once.
 */
export async function awsClientConfig(identity: AwsIdentity): Promise<AwsClientConfig> {
    const key = JSON.stringify([identity.region, identity.profile, identity.roleArn, process.env.AWS_PROFILE]);
    const config = configs.get(key) ?? makeConfig(identity);
    configs.set(key, config);
    return config;
}

async function makeConfig({ region, profile, roleArn }: AwsIdentity): Promise<AwsClientConfig> {
    // Loaded only when a node has to be woken: it takes longer than everything else in a run without changes.
    const providers = await import("@aws-sdk/credential-providers");
    const clientConfig = { region };
    const ambient = () => {
        const chain = [
            providers.fromEnv(),
            providers.fromIni({ clientConfig }),
            providers.fromTokenFile({ clientConfig }),
        ];
        const container = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];
        return providers.createCredentialChain(
            ...chain,
            ...(container.some((name) => process.env[name]) ? [providers.fromHttp()] : []),
        );
    };
    const base = profile ? providers.fromIni({ profile, clientConfig }) : ambient();
    const credentials = roleArn
        ? providers.fromTemporaryCredentials({
              masterCredentials: base,
              params: { RoleArn: roleArn, RoleSessionName: "multiarch-builder" },
              clientConfig,
          })
        : base;
    return { region, credentials, requestHandler: { connectionTimeout: 5000, requestTimeout: 20_000 } };
}

/** The identity in words, for errors. */
export function describeIdentity({ profile, roleArn }: AwsIdentity): string {
    const base = profile ? `profile ${profile}` : "the AWS credentials of the environment";
    return roleArn ? `role ${roleArn}, assumed by ${base}` : base;
}

/** An AWS error by its code, which is in `name` or, for EC2, in `Code`. */
export function awsErrorCode(error: unknown): string {
    const { name, Code } = (error ?? {}) as { name?: string; Code?: string };
    return Code ?? name ?? "";
}

/** Errors of who calls, rather than of what is asked; undefined for others. */
export function explainIdentityError(error: unknown, identity: AwsIdentity, action: string): string | undefined {
    const code = awsErrorCode(error);
    const who = describeIdentity(identity);
    const raw = error instanceof Error ? error.message : String(error);
    if (code === "CredentialsProviderError") {
        return (
            `there are no AWS credentials (${who}: ${raw}). Log in, or set the identity with ` +
            "`wakeIdentity` on the builders; the metadata service of this machine is not asked"
        );
    }
    if (/^(ExpiredToken|RequestExpired|ExpiredTokenException)/.test(code)) {
        return `the AWS credentials have expired (${who}): log in again`;
    }
    if (/^(AuthFailure|UnrecognizedClient|InvalidClientTokenId|SignatureDoesNotMatch|InvalidAccessKeyId)/.test(code)) {
        return `AWS does not accept the credentials (${who}): ${raw}`;
    }
    if (/^(UnauthorizedOperation|AccessDenied)/.test(code)) {
        return `${who} may not do ${action}: allow it for this identity, or set another with \`wakeIdentity\` on the builders`;
    }
    return undefined;
}
