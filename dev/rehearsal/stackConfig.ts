import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import type { SealerSource } from "./state";

/** A project with its stack's configuration, as the CLI hands it to a program. */
export interface StackConfig {
    project: string;
    stack: string;
    /** The program, relative to the project's folder. */
    main: string;
    typescript: boolean;
    tsconfig?: string;
    /** Full key to text; objects as JSON. */
    values: Record<string, string>;
    secretKeys: string[];
    /** Every decrypted secret, for masking. */
    secrets: string[];
    encryptionSalt?: string;
}

interface Declaration {
    default?: unknown;
    value?: unknown;
    secret?: boolean;
}

interface StackValue {
    plain: unknown;
    secure: boolean;
}

interface ProjectFile {
    name?: string;
    main?: string;
    runtime?: string | { name?: string; options?: { typescript?: boolean; tsconfig?: string } };
    config?: Record<string, unknown> | null;
}

/** Reads Pulumi.yaml and the stack's file, decrypts and merges the project's defaults. Types are left to the program. */
export async function loadStackConfig(
    projectDir: string,
    stack: string,
    configFile: string,
    sealerFor: SealerSource,
): Promise<StackConfig> {
    const projectFile = path.join(projectDir, "Pulumi.yaml");
    const { name: project, main = ".", runtime: given, config: declared } = readYaml<ProjectFile>(projectFile);
    const runtime = typeof given === "string" ? { name: given } : given;
    if (!project || runtime?.name !== "nodejs") {
        throw new Error(
            `${projectFile}: needs \`name\` and \`runtime: nodejs\` (got name "${project}", runtime "${runtime?.name}")`,
        );
    }
    const { encryptionsalt, ...file } = readYaml<{ config?: object | null; encryptionsalt?: string }>(configFile);
    const config = file.config ?? {};
    const sealed = /\{"secure":"[^"]*"\}/.test(JSON.stringify(config));
    if (sealed && encryptionsalt === undefined) {
        throw new Error(
            `${configFile} holds \`secure:\` values but no \`encryptionsalt\`: only the passphrase secrets provider is supported`,
        );
    }
    const sealer = sealed ? await sealerFor(encryptionsalt) : undefined;
    const secrets: string[] = [];
    const open = (_: string, value: unknown) => {
        if (!isSecure(value)) {
            return value;
        }
        secrets.push(sealer?.open(value.secure) ?? "");
        return secrets.at(-1);
    };
    const values = new Map<string, StackValue>();
    for (const [key, value] of Object.entries(config)) {
        const known = secrets.length;
        const plain: unknown = JSON.parse(JSON.stringify(value ?? null), open);
        values.set(fullKey(project, key), { plain, secure: secrets.length > known });
    }
    mergeDeclarations(project, stack, declared ?? {}, values);
    return {
        project,
        stack,
        main,
        typescript: runtime.options?.typescript ?? true,
        tsconfig: runtime.options?.tsconfig,
        values: Object.fromEntries([...values].map(([key, { plain }]) => [key, text(plain)])),
        secretKeys: [...values].filter(([, { secure }]) => secure).map(([key]) => key),
        secrets,
        encryptionSalt: encryptionsalt,
    };
}

/** https://github.com/pulumi/pulumi/blob/master/pkg/workspace/config.go (mergeConfig) */
function mergeDeclarations(
    project: string,
    stack: string,
    declared: Record<string, unknown>,
    values: Map<string, StackValue>,
): void {
    const missing: string[] = [];
    for (const key of Object.keys(declared).sort()) {
        const declaration = asDeclaration(declared[key]);
        const full = fullKey(project, key);
        const fallback = declaration.default ?? declaration.value ?? undefined;
        const value = values.get(full) ?? (fallback === undefined ? undefined : { plain: fallback, secure: false });
        if (value === undefined) {
            missing.push(...(full.startsWith(`${project}:`) ? [`'${key}'`] : []));
            continue;
        }
        values.set(full, value);
        if (declaration.secret && !value.secure) {
            throw new Error(`Stack '${stack}' with configuration key '${key}' must be encrypted as it's secret`);
        }
    }
    if (missing.length > 0) {
        const what = missing.length > 1 ? "values" : "value";
        throw new Error(`Stack '${stack}' is missing configuration ${what} ${missing.join(" and ")}`);
    }
}

/** A declaration's short form is its value. */
function asDeclaration(raw: unknown): Declaration {
    return isObject(raw) ? raw : { value: raw };
}

function fullKey(project: string, key: string): string {
    return key.includes(":") ? key : `${project}:${key}`;
}

function isObject(value: unknown): value is object {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSecure(value: unknown): value is { secure: string } {
    return isObject(value) && Object.keys(value).length === 1 && "secure" in value && typeof value.secure === "string";
}

function text(value: unknown): string {
    return typeof value === "string" ? value : value === undefined || value === null ? "" : JSON.stringify(value);
}

function readYaml<T>(file: string): T {
    if (!fs.existsSync(file)) {
        throw new Error(`${file} does not exist: give --config DIR/Pulumi.STACK.yaml, with Pulumi.yaml in DIR`);
    }
    return (parse(fs.readFileSync(file, "utf8")) ?? {}) as T;
}
