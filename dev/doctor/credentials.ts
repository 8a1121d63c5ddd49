import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Credentials } from "./facts";

type Sections = Map<string, Record<string, string>>;

/** Files as they are read; a missing one is undefined. */
export type ReadFile = (path: string) => string | undefined;

/**
 * Where the AWS SDKs would take credentials and a region from, in their order, by what the environment and their files say:
 * nobody is contacted. https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
export function findCredentials(
    env: NodeJS.ProcessEnv,
    now: Date,
    read: ReadFile = readIfThere,
    home = homedir(),
): { credentials?: Credentials; region?: string } {
    const folder = join(home, ".aws");
    const config = parse(read(env.AWS_CONFIG_FILE || join(folder, "config")) ?? "");
    const keys = parse(read(env.AWS_SHARED_CREDENTIALS_FILE || join(folder, "credentials")) ?? "");
    const name = env.AWS_PROFILE || env.AWS_DEFAULT_PROFILE || "default";
    const settings = { ...config.get(name === "default" ? name : `profile ${name}`), ...keys.get(name) };
    const session = config.get(`sso-session ${settings.sso_session}`) ?? settings;
    const region = env.AWS_REGION || env.AWS_DEFAULT_REGION || settings.region;
    const credentials =
        fromEnvironment(env) ??
        fromProfile(name, settings, session, (file) => read(join(folder, file)), now) ??
        fromRuntime(env);
    return { ...(credentials ? { credentials } : {}), ...(region ? { region } : {}) };
}

function fromEnvironment(env: NodeJS.ProcessEnv): Credentials | undefined {
    if (env.AWS_ACCESS_KEY_ID && !env.AWS_PROFILE) {
        const problem = env.AWS_SECRET_ACCESS_KEY ? {} : { problem: "AWS_SECRET_ACCESS_KEY is not set" };
        return { source: "environment (AWS_ACCESS_KEY_ID)", ...problem };
    }
    return undefined;
}

/** What gives credentials to jobs and pods. */
function fromRuntime(env: NodeJS.ProcessEnv): Credentials | undefined {
    const variables = ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];
    const variable = [...variables, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"].find((name) => env[name]);
    return variable === undefined ? undefined : { source: `environment (${variable})` };
}

function fromProfile(
    name: string,
    settings: Record<string, string>,
    session: Record<string, string>,
    read: ReadFile,
    now: Date,
): Credentials | undefined {
    const from = (how: string, problem?: string) => ({
        source: `profile ${name} (${how})`,
        ...(problem ? { problem } : {}),
    });
    if (settings.role_arn) {
        const base = settings.source_profile ?? settings.credential_source ?? settings.web_identity_token_file;
        return from(`role, by ${base ?? "nothing"}`, base ? undefined : "role_arn has no source_profile");
    }
    if (session.sso_start_url) {
        return from("SSO", ssoProblem(settings.sso_session ?? session.sso_start_url, name, read, now));
    }
    if (settings.aws_access_key_id) {
        return from("access key", settings.aws_secret_access_key ? undefined : "it has no aws_secret_access_key");
    }
    return settings.credential_process ? from("credential_process") : undefined;
}

/** The CLI keeps a login under the SHA-1 of the session's name, or of the start URL in the older form. */
function ssoProblem(key: string, profile: string, read: ReadFile, now: Date): string | undefined {
    const file = join("sso", "cache", `${createHash("sha1").update(key).digest("hex")}.json`);
    const login = `aws sso login --profile ${profile}`;
    try {
        const { expiresAt } = JSON.parse(read(file) ?? "") as { expiresAt?: string };
        return new Date(expiresAt ?? 0) > now ? undefined : `the login has expired: ${login}`;
    } catch {
        return `nobody is logged in: ${login}`;
    }
}

/** Sections of the SDKs' files. Nested settings are of no interest here. */
function parse(text: string): Sections {
    const sections: Sections = new Map();
    let current: Record<string, string> = {};
    for (const line of text.split("\n").filter((one) => !/^\s*[#;]/.test(one))) {
        const [, title] = /^\[\s*(.+?)\s*\]/.exec(line) ?? [];
        const [, key, value] = /^(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
        if (title !== undefined) {
            current = sections.get(title.replace(/\s+/g, " ")) ?? {};
            sections.set(title.replace(/\s+/g, " "), current);
        } else if (key !== undefined && value !== undefined) {
            current[key] = value;
        }
    }
    return sections;
}

function readIfThere(path: string): string | undefined {
    try {
        return readFileSync(path, "utf8");
    } catch {
        return undefined;
    }
}
