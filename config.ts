import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { builderNameProblem } from "./components/buildx/entries";
import type { BuilderEndpoint, FarmRegistry, ImageBuildArgs, RegistryCredentials } from "./components";
import type { BuilderCredentials } from "./components";
import { nearest } from "./components/platform";
import { without } from "./components/objects";
import { Problems } from "./components/problems";

/** The program's configuration, read and checked. */
export interface Settings {
    builderName: string;
    endpoints: BuilderEndpoint[];
    credentials: pulumi.Output<BuilderCredentials>;
    registry: FarmRegistry;
    registryCredentials?: RegistryCredentials;
    image?: { name: string; args: ImageBuildArgs };
}

const backends = ["ec2", "eks", "endpoints"];
const keys = ["backend", "ec2", "eks", "endpoints", "credentials", "registry", "image", "ci"];
const endpointKeys: Record<keyof BuilderEndpoint, true> = {
    platforms: true,
    endpoint: true,
    serverName: true,
    emulated: true,
    name: true,
};
const registryKeys: Record<keyof FarmRegistry | "credentials", true> = {
    imageRepositoryUrl: true,
    cacheRepositoryUrl: true,
    movingTags: true,
    credentials: true,
};
const imageKeys: Record<Exclude<keyof ImageBuildArgs, "registryCredentials"> | "name", true> = {
    name: true,
    context: true,
    dockerfile: true,
    dockerfileInline: true,
    namedContexts: true,
    target: true,
    buildArgs: true,
    secrets: true,
    ssh: true,
    labels: true,
    addHosts: true,
    network: true,
    pull: true,
    noCache: true,
    platforms: true,
    strategy: true,
    repositoryUrl: true,
    tags: true,
    platformTags: true,
    movingTags: true,
    push: true,
    registries: true,
    cache: true,
    smokeTest: true,
    smokeTestPlatforms: true,
    rebuild: true,
};

/** Reads the stack's configuration; one error tells everything that is missing, unknown or of the wrong kind. */
export function readConfiguration(): Settings {
    const project = pulumi.getProject();
    const problems = new Problems();
    checkKeys(project, problems);
    const backend = pulumi.runtime.getConfig(`${project}:backend`) ?? "";
    checkBackend(backend, problems);
    problems.throwIfAny(`the configuration of stack ${pulumi.getStack()}`);

    const read = (key: string) => readObject(project, key, problems);
    const endpoints = readEndpoints(project, problems);
    const credentials = objectWith(read("credentials"), "credentials", { ca: true, cert: true, key: true }, problems);
    const registry = objectWith(read("registry"), "registry", registryKeys, problems);
    const login = objectWith(
        registry.credentials ?? {},
        "registry.credentials",
        { username: true, password: true },
        problems,
    );
    const image = objectWith(read("image"), "image", imageKeys, problems);
    if (!["string", "undefined"].includes(typeof (image.name ?? undefined))) {
        problems.add("image.name", image.name, "must be text: put it in quotes");
    }
    for (const key of ["ec2", "eks", "ci"]) {
        if (Object.keys(read(key)).length > 0) {
            problems.add(key, undefined, `is for a part that this version does not have; take it out`);
        }
    }
    if (!secretOrEmpty(project, "credentials", credentials)) {
        problems.add(
            "credentials",
            undefined,
            "must be encrypted: set credentials.key with `pulumi config set --secret --path`",
        );
    }
    if (!secretOrEmpty(project, "registry", login)) {
        problems.add(
            "registry.credentials",
            undefined,
            "must be encrypted: set the password with `pulumi config set --secret --path`",
        );
    }
    problems.throwIfAny(`the configuration of stack ${pulumi.getStack()}`);

    const { name, ...args } = image;
    if (args.buildArgs !== undefined && isSecret(project, "image")) {
        args.buildArgs = pulumi.secret(args.buildArgs);
    }
    return {
        builderName: builderName(pulumi.getStack()),
        endpoints,
        credentials: pulumi.secret(credentials as unknown as BuilderCredentials),
        registry: without(registry, "credentials"),
        registryCredentials: Object.keys(login).length > 0 ? (login as unknown as RegistryCredentials) : undefined,
        image: Object.keys(image).length > 0 ? { name: asName(name), args: args } : undefined,
    };
}

/** The builder's name: one stack's entries in a buildx store must not overwrite another's. */
function builderName(stack: string): string {
    const name = `multiarch-${stack.toLowerCase().replace(/[^a-z0-9._-]/g, "-")}`;
    // A stack may be called `amd64`, or have a long name.
    return builderNameProblem(name)
        ? `${name.slice(0, 54)}-${createHash("sha256").update(stack).digest("hex").slice(0, 8)}`
        : name;
}

function asName(name: unknown): string {
    return typeof name === "string" && name !== "" ? name : "image";
}

function checkKeys(project: string, problems: Problems): void {
    for (const full of Object.keys(pulumi.runtime.allConfig())) {
        const [namespace, ...rest] = full.split(":");
        const key = rest.join(":");
        if (namespace === project && !keys.includes(key)) {
            problems.add(
                key,
                undefined,
                `is no configuration key; did you mean \`${nearest(key, keys)}\`? Known: ${keys.join(", ")}`,
            );
        }
    }
}

function checkBackend(backend: string, problems: Problems): void {
    if (backend === "") {
        problems.add(
            "backend",
            undefined,
            "is not set; choose where BuildKit runs: `ec2` (a builder instance per architecture), `eks` (node groups on " +
                "your cluster) or `endpoints` (BuildKit that runs already). `pulumi config set backend endpoints`; " +
                "`npm start` sets up a local one",
        );
    } else if (!backends.includes(backend)) {
        problems.add(
            "backend",
            backend,
            `must be one of ${backends.join(", ")}; did you mean ${nearest(backend, backends)}?`,
        );
    } else if (backend !== "endpoints") {
        problems.add("backend", backend, "is not in this version yet; `endpoints` is");
    }
}

function readObject(project: string, key: string, problems: Problems): Record<string, unknown> {
    const value = parse(project, key, problems) ?? {};
    if (typeof value !== "object" || Array.isArray(value)) {
        problems.add(key, undefined, "must be an object");
        return {};
    }
    return value as Record<string, unknown>;
}

function readEndpoints(project: string, problems: Problems): BuilderEndpoint[] {
    const value = parse(project, "endpoints", problems) ?? [];
    if (!Array.isArray(value) || value.length === 0) {
        problems.add("endpoints", value, "must be a list with at least one { platforms, endpoint }");
        return [];
    }
    return value.map((endpoint: unknown, i) => {
        const checked = objectWith(endpoint, `endpoints[${i}]`, endpointKeys, problems);
        if (!Array.isArray(checked.platforms)) {
            problems.add(`endpoints[${i}].platforms`, checked.platforms, "must be a list, for example [linux/arm64]");
        }
        return checked as unknown as BuilderEndpoint;
    });
}

/** The value of a key: an object's text is JSON. Secret ones are parsed too; what is secret in them is wrapped later. */
function parse(project: string, key: string, problems: Problems): unknown {
    const text = pulumi.runtime.getConfig(`${project}:${key}`);
    if (text === undefined || text === "") {
        return undefined;
    }
    try {
        return JSON.parse(text);
    } catch {
        problems.add(
            key,
            undefined,
            "is not valid: it must be an object or a list, set with `pulumi config set --path`",
        );
        return undefined;
    }
}

function objectWith(
    value: unknown,
    path: string,
    known: Record<string, true>,
    problems: Problems,
): Record<string, unknown> {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
        problems.add(path, undefined, `must be an object with ${Object.keys(known).join(", ")}`);
        return {};
    }
    for (const key of Object.keys(value).filter((candidate) => !Object.hasOwn(known, candidate))) {
        problems.add(
            `${path}.${key}`,
            undefined,
            `is no setting; did you mean \`${nearest(key, Object.keys(known))}\`?`,
        );
    }
    return value as Record<string, unknown>;
}

function secretOrEmpty(project: string, key: string, value: Record<string, unknown>): boolean {
    return Object.keys(value).length === 0 || isSecret(project, key);
}

/** Whether a key, or anything within it, is encrypted in the stack's configuration. */
function isSecret(project: string, key: string): boolean {
    // The SDK has this function and leaves it out of its types.
    const { isConfigSecret } = pulumi.runtime as { isConfigSecret?: (key: string) => boolean };
    return isConfigSecret?.(`${project}:${key}`) !== false;
}
