import * as pulumi from "@pulumi/pulumi";

/** One resource as the program registered it. */
export interface Recorded {
    type: string;
    name: string;
    urn: string;
    inputs: Record<string, unknown>;
    parent: string;
    dependencies: string[];
    retainOnDelete: boolean;
    deleteBeforeReplace: boolean;
    ignoreChanges: string[];
    /** How long creating it may take; empty for no limit. */
    createTimeout: string;
    hooks: string[];
    replacementTrigger?: unknown;
    protect: boolean;
    /** The provider that it is given to, `<URN>::<id>`; empty for the default one. */
    provider: string;
}

/** A hook as the program registered it; the mocks run none. */
export interface RecordedHook {
    name: string;
    onDryRun: boolean;
}

const secretMark = "4dabf18193072939515e22adb298388d";

type Monitor = Record<string, (request: unknown, callback: (error: unknown, response?: unknown) => void) => void>;

/** What mocks prove is which inputs and options a program registers, never that a provider takes them. */
export class Recorder {
    readonly resources: Recorded[] = [];
    readonly hooks: RecordedHook[] = [];
    readonly invokes: { token: string; inputs: unknown; provider: string }[] = [];

    constructor(
        private readonly options: {
            preview?: boolean;
            project?: string;
            stack?: string;
            outputs?: (type: string, name: string, inputs: Record<string, unknown>) => Record<string, unknown>;
            call?: (token: string, inputs: Record<string, unknown>) => Record<string, unknown>;
        } = {},
    ) {}

    /** Installs the mocks; run once before the program under test. */
    async install(): Promise<void> {
        const { options } = this;
        await pulumi.runtime.setMocks(
            {
                newResource: ({ type, name, inputs, custom }) => {
                    const { id, ...outputs } = options.outputs?.(type, name, inputs as Record<string, unknown>) ?? {};
                    return {
                        id: custom
                            ? ((id as string | undefined) ?? (options.preview ? undefined : `${name}-id`))
                            : undefined,
                        state: { ...(inputs as object), ...outputs },
                    };
                },
                call: ({ token, inputs, provider }) => {
                    this.invokes.push({ token, inputs, provider: provider ?? "" });
                    if (!options.call) {
                        throw new Error(`unexpected invoke of ${token}`);
                    }
                    return options.call(token, inputs as Record<string, unknown>);
                },
            },
            options.project ?? "project",
            options.stack ?? "stack",
            options.preview ?? false,
        );
        this.wrapMonitor();
    }

    /** Waits until everything that the program started is registered. */
    async settle(): Promise<void> {
        await pulumi.runtime.disconnect();
    }

    /** The one resource with this name. */
    get(name: string): Recorded {
        const found = this.resources.filter((resource) => resource.name === name);
        if (found.length !== 1) {
            throw new Error(`${found.length} resources named ${name}; there are ${this.names().join(", ")}`);
        }
        return found[0]!;
    }

    names(): string[] {
        return this.resources.map((resource) => resource.name).sort();
    }

    private wrapMonitor(): void {
        const monitor = pulumi.runtime.getMonitor() as unknown as Monitor;
        const register = monitor.registerResource!.bind(monitor);
        monitor.registerResource = (request, callback) => {
            const recorded = describe(request as Request);
            register(request, (error, response) => {
                const urn = (response as { getUrn?: () => string } | undefined)?.getUrn?.() ?? "";
                this.resources.push({ ...recorded, urn });
                callback(error, response);
            });
        };
        const note = (request: unknown, callback: (error: unknown, response?: unknown) => void) => {
            const hook = request as { getName(): string; getOnDryRun?: () => boolean };
            this.hooks.push({ name: hook.getName(), onDryRun: hook.getOnDryRun?.() ?? false });
            callback(null, {});
        };
        monitor.registerResourceHook = note;
        monitor.registerErrorHook = note;
    }
}

interface Request {
    getType(): string;
    getName(): string;
    getParent(): string;
    getObject(): { toJavaScript(): Record<string, unknown> };
    getDependenciesList(): string[];
    getRetainondelete(): boolean;
    getDeletebeforereplace(): boolean;
    getIgnorechangesList(): string[];
    getCustomtimeouts?: () => { getCreate(): string } | undefined;
    getHooks(): { toObject(): Record<string, string[]> } | undefined;
    getReplacementTrigger?: () => { toJavaScript(): unknown } | undefined;
    getProtect(): boolean;
    getProvider(): string;
}

function describe(request: Request): Omit<Recorded, "urn"> {
    return {
        type: request.getType(),
        name: request.getName(),
        inputs: request.getObject().toJavaScript(),
        parent: request.getParent(),
        dependencies: request.getDependenciesList(),
        retainOnDelete: request.getRetainondelete(),
        deleteBeforeReplace: request.getDeletebeforereplace(),
        ignoreChanges: request.getIgnorechangesList(),
        createTimeout: request.getCustomtimeouts?.()?.getCreate() ?? "",
        hooks: Object.entries(request.getHooks()?.toObject() ?? {}).flatMap(([event, names]) =>
            names.map((name) => `${event}: ${name}`),
        ),
        replacementTrigger: request.getReplacementTrigger?.()?.toJavaScript(),
        protect: request.getProtect(),
        provider: request.getProvider(),
    };
}

/** A secret as it goes over the wire. */
export function isSecretValue(value: unknown): boolean {
    return typeof value === "object" && value !== null && secretMark in value;
}

/** The value with every secret replaced by what it hides. */
export function reveal(value: unknown): unknown {
    if (Array.isArray(value)) {
        return value.map(reveal);
    }
    if (typeof value !== "object" || value === null) {
        return value;
    }
    const record = value as Record<string, unknown>;
    return secretMark in record
        ? reveal(record.value)
        : Object.fromEntries(Object.entries(record).map(([key, inner]) => [key, reveal(inner)]));
}

/** The value of an output; rejects when an apply on the way threw. */
export function promiseOf<T>(output: pulumi.Output<T>): Promise<T> {
    return (output as unknown as { promise(): Promise<T> }).promise();
}
