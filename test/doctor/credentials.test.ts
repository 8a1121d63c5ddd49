import { findCredentials } from "../../dev/doctor/credentials";

const now = new Date("2026-01-02T00:00:00Z");
const config = `
[default]
region = eu-west-1
[profile keys]
region=us-east-1   
[profile sso]
sso_session = acme
sso_account_id = 123456789012
[sso-session acme]
sso_start_url = https://acme.awsapps.com/start
[profile role]
role_arn = arn:aws:iam::123456789012:role/x
source_profile = keys
s3 =
  region = not-a-setting
[profile orphan]
role_arn = arn:aws:iam::123456789012:role/x
[profile tool]
credential_process = /usr/bin/tool
# [profile comment]
`;
const credentials = `
[keys]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = swordfish-secret
[half]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
`;

function find(env: Record<string, string>, login?: string) {
    const files: Record<string, string> = { "/home/me/.aws/config": config, "/home/me/.aws/credentials": credentials };
    // The CLI keeps a login under the SHA-1 of the session's name.
    const cache = "/home/me/.aws/sso/cache/293abb6b76d7791c0732cc517d38c4b5c734b87f.json";
    const read = (path: string) => (path === cache ? login : files[path]);
    return findCredentials(env, now, read, "/home/me");
}

test.each<[string, Record<string, string>, string | undefined, string | undefined]>([
    ["nothing", {}, undefined, "eu-west-1"],
    [
        "keys of the environment",
        { AWS_ACCESS_KEY_ID: "AKIA", AWS_SECRET_ACCESS_KEY: "s", AWS_REGION: "r-1" },
        "environment (AWS_ACCESS_KEY_ID)",
        "r-1",
    ],
    [
        "half of them",
        { AWS_ACCESS_KEY_ID: "AKIA" },
        "environment (AWS_ACCESS_KEY_ID): AWS_SECRET_ACCESS_KEY is not set",
        "eu-west-1",
    ],
    [
        "a profile before keys",
        { AWS_ACCESS_KEY_ID: "AKIA", AWS_PROFILE: "keys" },
        "profile keys (access key)",
        "us-east-1",
    ],
    [
        "half a profile",
        { AWS_PROFILE: "half" },
        "profile half (access key): it has no aws_secret_access_key",
        undefined,
    ],
    ["a role", { AWS_PROFILE: "role" }, "profile role (role, by keys)", undefined],
    [
        "a role of nobody",
        { AWS_PROFILE: "orphan" },
        "profile orphan (role, by nothing): role_arn has no source_profile",
        undefined,
    ],
    ["a program", { AWS_PROFILE: "tool" }, "profile tool (credential_process)", undefined],
    ["a profile that is not there", { AWS_PROFILE: "comment" }, undefined, undefined],
    ["a job's token", { AWS_WEB_IDENTITY_TOKEN_FILE: "/t" }, "environment (AWS_WEB_IDENTITY_TOKEN_FILE)", "eu-west-1"],
    [
        "a pod's",
        { AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://x" },
        "environment (AWS_CONTAINER_CREDENTIALS_FULL_URI)",
        "eu-west-1",
    ],
    [
        "nobody logged in",
        { AWS_PROFILE: "sso" },
        "profile sso (SSO): nobody is logged in: aws sso login --profile sso",
        undefined,
    ],
])("%s", (_, env, source, region) => {
    const found = find(env);
    const { credentials: got } = found;
    expect(got && [got.source, got.problem].filter(Boolean).join(": ")).toBe(source);
    expect(found.region).toBe(region);
    expect(JSON.stringify(found)).not.toMatch(/swordfish|AKIA/);
});

test.each([
    ["2026-01-02T01:00:00Z", undefined],
    ["2026-01-01T23:00:00UTC", "the login has expired: aws sso login --profile sso"],
    ["2026-01-01T23:00:00Z", "the login has expired: aws sso login --profile sso"],
])("a login until %s", (expiresAt, problem) => {
    const { credentials: got } = find({ AWS_PROFILE: "sso" }, JSON.stringify({ expiresAt, accessToken: "swordfish" }));
    expect(got).toEqual({ source: "profile sso (SSO)", ...(problem ? { problem } : {}) });
});
