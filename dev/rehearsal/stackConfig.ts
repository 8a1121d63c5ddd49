import * as fs from "node:fs/promises";
import * as path from "node:path";
import { parse } from "yaml";
import type { Sealer } from "./passphrase";

/** A project with its stack's configuration, as the CLI hands it to a program. */
export interface StackConfig {
    project: string;
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
    type?: string;
    items?: { type: string; items?: Declaration["items"] };
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
    config?: Record<string, unknown>;
}

/** Reads Pulumi.yaml and the stack's file, decrypts, merges the project's defaults and checks declared types. */
export async function loadStackConfig(
    projectDir: string,
    stack: string,
    configFile: string,
    sealerFor: (salt?: string) => Promise<Sealer>,
): Promise<StackConfig> {
    const project = (await readYaml(path.join(projectDir, "Pulumi.yaml"))) as ProjectFile;
    const name = project.name;
    const runtime = typeof project.runtime === "string" ? { name: project.runtime } : project.runtime;
    if (!name || runtime?.name !== "nodejs") {
        throw new Error(
            `${path.join(projectDir, "Pulumi.yaml")}: needs \`name\` and \`runtime: nodejs\` (got name ${JSON.stringify(name)}, runtime ${JSON.stringify(runtime?.name)})`,
        );
    }
    const file = (await readYaml(configFile)) as { config?: Record<string, unknown>; encryptionsalt?: string };
    const secrets: string[] = [];
    const sealed = hasSecure(file.config);
    if (sealed && file.encryptionsalt === undefined) {
        throw new Error(
            `${configFile} holds \`secure:\` values but no \`encryptionsalt\`: only the passphrase secrets provider is supported`,
        );
    }
    const sealer = sealed ? await sealerFor(file.encryptionsalt) : undefined;
    const open = (text: string) => {
        const plain = sealer?.open(text) ?? "";
        secrets.push(plain);
        return plain;
    };
    const merged = new Map<string, StackValue>();
    for (const [key, value] of Object.entries(file.config ?? {})) {
        const found = { secure: false };
        merged.set(fullKey(name, key), { plain: decrypt(value, open, found), secure: found.secure });
    }
    mergeDeclarations(name, stack, project.config ?? {}, merged);
    return {
        project: name,
        main: project.main ?? ".",
        typescript: runtime.options?.typescript ?? true,
        tsconfig: runtime.options?.tsconfig,
        values: Object.fromEntries([...merged].map(([key, { plain }]) => [key, text(plain)])),
        secretKeys: [...merged].filter(([, value]) => value.secure).map(([key]) => key),
        secrets,
        encryptionSalt: file.encryptionsalt,
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
    const keys = Object.keys(declared).sort();
    for (const key of keys) {
        const { default: fallback, value } = declaration(declared[key]);
        const full = fullKey(project, key);
        const given = fallback ?? value;
        if (values.has(full)) {
            continue;
        }
        if (given !== undefined && given !== null) {
            values.set(full, { plain: given, secure: false });
        } else if (full.startsWith(`${project}:`)) {
            missing.push(key);
        }
    }
    if (missing.length > 0) {
        const quoted = missing.map((key) => `'${key}'`);
        const list =
            quoted.length === 1 ? quoted[0] : `${quoted.slice(0, -1).join(", ")} and ${quoted[quoted.length - 1]}`;
        throw new Error(`Stack '${stack}' is missing configuration ${missing.length > 1 ? "values" : "value"} ${list}`);
    }
    for (const key of keys) {
        const { type, items, secret } = declaration(declared[key]);
        const value = values.get(fullKey(project, key));
        if (type === undefined || value === undefined) {
            continue;
        }
        if (secret && !value.secure) {
            throw new Error(`Stack '${stack}' with configuration key '${key}' must be encrypted as it's secret`);
        }
        if (!hasType(type, items, value.plain)) {
            throw new Error(
                `Stack '${stack}' with configuration key '${key}' must be of type '${typeName(type, items)}'`,
            );
        }
    }
}

/** A declaration's short form is its value. */
function declaration(raw: unknown): Declaration {
    return typeof raw === "object" && raw !== null && !Array.isArray(raw) ? raw : { value: raw };
}

function hasType(type: string, items: Declaration["items"], value: unknown): boolean {
    switch (type) {
        // Scalars of a stack file reach the CLI's check as text.
        case "string":
            return value === null || typeof value !== "object";
        case "integer":
            return /^[+-]?\d+$/.test(text(value));
        case "boolean":
            return value === true || value === false || value === "true" || value === "false";
        case "object":
            return typeof value === "object" && value !== null && !Array.isArray(value);
        default:
            return (
                Array.isArray(value) &&
                items !== undefined &&
                value.every((item) => hasType(items.type, items.items, item))
            );
    }
}

function typeName(type: string, items: Declaration["items"]): string {
    return items ? `array<${typeName(items.type, items.items)}>` : type;
}

function fullKey(project: string, key: string): string {
    const parts = key.split(":");
    // `project:config:key` is the CLI's old form.
    return parts.length === 1
        ? `${project}:${key}`
        : parts.length === 3 && parts[1] === "config"
          ? `${parts[0]}:${parts[2]}`
          : key;
}

function isSecure(value: unknown): value is { secure: string } {
    return (
        typeof value === "object" &&
        value !== null &&
        Object.keys(value).length === 1 &&
        typeof (value as { secure?: unknown }).secure === "string"
    );
}

function hasSecure(value: unknown): boolean {
    return isSecure(value) || (typeof value === "object" && value !== null && Object.values(value).some(hasSecure));
}

function decrypt(value: unknown, open: (text: string) => string, found: { secure: boolean }): unknown {
    if (isSecure(value)) {
        found.secure = true;
        return open(value.secure);
    }
    if (Array.isArray(value)) {
        return value.map((inner) => decrypt(inner, open, found));
    }
    if (typeof value === "object" && value !== null) {
        return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, decrypt(inner, open, found)]));
    }
    return value;
}

function text(value: unknown): string {
    return typeof value === "string" ? value : value === undefined || value === null ? "" : JSON.stringify(value);
}

async function readYaml(file: string): Promise<unknown> {
    let content: string;
    try {
        content = await fs.readFile(file, "utf8");
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") {
            throw new Error(`${file} does not exist: give --config DIR/Pulumi.STACK.yaml, with Pulumi.yaml in DIR`);
        }
        throw error;
    }
    return parse(content) ?? {};
}
