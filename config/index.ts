import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type {
    BuilderCredentials,
    BuilderEndpoint,
    ImageBuildArgs,
    MultiArchBuilderArgs,
    RegistryCredentials,
} from "../components";
import { builderNameProblem } from "../components/buildx/entries";
import { present, without } from "../components/objects";
import { nearest } from "../components/platform";
import { Problems } from "../components/problems";
import { backends, endpointKeys, imageKeys, keys, registryKeys } from "./keys";
import { isSecret, objectWith, parse, readObject, readText, secretOrEmpty } from "./values";

/** The program's configuration, read and checked. */
export interface Settings {
    builderName: string;
    farm: MultiArchBuilderArgs;
    image?: { name: string; args: ImageBuildArgs };
}

/** Reads the stack's configuration; one error tells everything that is missing, unknown or of the wrong kind. */
export function readConfiguration(): Settings {
    const problems = new Problems();
    checkKeys(problems);
    const backend = readBackend(problems);
    problems.throwIfAny(`the configuration of stack ${pulumi.getStack()}`);

    const farm = {
        ...present({
            ...readBackendSettings(backend, problems),
            ...readRegistry(problems),
            tls: readOptional("tls", problems),
            ci: readOptional("ci", problems),
            tags: readOptional("tags", problems),
            permissionsBoundary: readText("permissionsBoundary"),
            rolePath: readText("rolePath"),
            namePrefix: readText("namePrefix"),
            kmsKeyArn: readText("kmsKeyArn"),
            parameterPrefix: readText("parameterPrefix"),
        }),
    } as MultiArchBuilderArgs;
    const image = readImage(problems);
    problems.throwIfAny(`the configuration of stack ${pulumi.getStack()}`);
    return { builderName: builderName(pulumi.getStack()), farm, image };
}

function readOptional(key: string, problems: Problems): Record<string, unknown> | undefined {
    const value = readObject(key, problems);
    return Object.keys(value).length > 0 ? value : undefined;
}

function readBackendSettings(backend: string, problems: Problems): Partial<MultiArchBuilderArgs> {
    for (const other of backends.filter((each) => each !== backend)) {
        const value = parse(other, problems);
        if (Object.keys(value ?? {}).length > 0) {
            problems.add(
                other,
                undefined,
                `is for backend \`${other}\`, and \`backend\` is \`${backend}\`: take it out`,
            );
        }
    }
    const keyPair = { ca: true, cert: true, key: true } as const;
    const credentials = objectWith(readObject("credentials", problems), "credentials", keyPair, problems);
    if (!secretOrEmpty("credentials", credentials)) {
        const remedy = "must be encrypted: set credentials.key with `pulumi config set --secret --path`";
        problems.add("credentials", undefined, remedy);
    }
    if (backend !== "endpoints") {
        if (Object.keys(credentials).length > 0) {
            problems.add("credentials", undefined, "are for backend `endpoints`; other builders come with theirs");
        }
        return { [backend]: readObject(backend, problems) };
    }
    return {
        endpoints: readEndpoints(problems),
        credentials: pulumi.secret(credentials as unknown as BuilderCredentials),
    };
}

function readRegistry(problems: Problems): Pick<MultiArchBuilderArgs, "registry" | "registryCredentials"> {
    const registry = objectWith(readObject("registry", problems), "registry", registryKeys, problems);
    const loginKeys = { username: true, password: true } as const;
    const login = objectWith(registry.credentials ?? {}, "registry.credentials", loginKeys, problems);
    if (!secretOrEmpty("registry", login)) {
        const remedy = "must be encrypted: set the password with `pulumi config set --secret --path`";
        problems.add("registry.credentials", undefined, remedy);
    }
    return {
        registry: without(registry, "credentials"),
        registryCredentials: Object.keys(login).length > 0 ? (login as unknown as RegistryCredentials) : undefined,
    };
}

function readImage(problems: Problems): Settings["image"] {
    const image = objectWith(readObject("image", problems), "image", imageKeys, problems);
    const { name, ...args } = image;
    if (!["string", "undefined"].includes(typeof (name ?? undefined))) {
        problems.add("image.name", name, "must be text: put it in quotes");
    }
    if (args.buildArgs !== undefined && isSecret("image")) {
        args.buildArgs = pulumi.secret(args.buildArgs);
    }
    return Object.keys(image).length > 0 ? { name: asName(name), args } : undefined;
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

function checkKeys(problems: Problems): void {
    const project = pulumi.getProject();
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

function readBackend(problems: Problems): string {
    const backend = readText("backend") ?? "";
    if (backend === "") {
        problems.add(
            "backend",
            undefined,
            "is not set; choose where BuildKit runs: `ec2` (a builder instance per architecture), `eks` (node groups on " +
                "your cluster) or `endpoints` (BuildKit that runs already). `pulumi config set backend endpoints`; " +
                "`npm start` sets up a local one",
        );
    } else if (!(backends as readonly string[]).includes(backend)) {
        problems.add(
            "backend",
            backend,
            `must be one of ${backends.join(", ")}; did you mean ${nearest(backend, backends)}?`,
        );
    }
    return backend;
}

function readEndpoints(problems: Problems): BuilderEndpoint[] {
    const value = parse("endpoints", problems) ?? [];
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
