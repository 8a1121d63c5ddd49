import * as fs from "node:fs/promises";
import * as path from "node:path";
import { containsSecret, openSecrets, sealSecrets, type Properties, type Value } from "./properties";
import type { Sealer } from "./passphrase";

/** A resource as the state keeps it. */
export interface ResourceState {
    urn: string;
    type: string;
    name: string;
    custom: boolean;
    id?: string;
    parent?: string;
    inputs: Properties;
    outputs: Properties;
    dependencies: string[];
    replacementTrigger?: Value;
    protect?: boolean;
    retainOnDelete?: boolean;
    deletedWith?: string;
    /** The resource was answered from a model: nothing was created. */
    modelled?: boolean;
    /** Replaced, and to be deleted at the end of a successful run. */
    pendingDelete?: boolean;
    /** Names of its delete hooks: they need the running program. */
    deleteHooks?: { before: string[]; after: string[] };
}

interface StateFile {
    version: 1;
    project: string;
    stack: string;
    encryptionSalt?: string;
    outputs: Properties;
    resources: ResourceState[];
}

/** The state of one stack, in registration order, written after each step. */
export class StackState {
    readonly resources = new Map<string, ResourceState>();
    /** Replaced resources that wait for their deletion. */
    readonly replaced: ResourceState[] = [];
    outputs: Properties = {};
    private writing: Promise<void> = Promise.resolve();

    private constructor(
        private readonly file: string,
        readonly project: string,
        readonly stack: string,
        private readonly sealer: (salt?: string) => Promise<Sealer>,
        private salt?: string,
    ) {}

    static async load(
        file: string,
        project: string,
        stack: string,
        sealer: (salt?: string) => Promise<Sealer>,
    ): Promise<StackState> {
        const saved = await readStateFile(file);
        const state = new StackState(file, project, stack, sealer, saved?.encryptionSalt);
        if (saved === undefined) {
            return state;
        }
        if (saved.project !== project || saved.stack !== stack) {
            throw new Error(
                `${file} holds the state of ${saved.project}/${saved.stack}, not of ${project}/${stack}: give another file with --state`,
            );
        }
        const opened = await openStateFile(saved, sealer);
        state.outputs = opened.outputs;
        for (const resource of opened.resources) {
            if (resource.pendingDelete) {
                state.replaced.push(resource);
            } else {
                state.resources.set(resource.urn, resource);
            }
        }
        return state;
    }

    /** Puts a resource at the end of the order, so that dependencies stand before their dependents. */
    put(resource: ResourceState): void {
        this.resources.delete(resource.urn);
        this.resources.set(resource.urn, resource);
    }

    /** The sealer for this state's secrets; asks for a passphrase when there is none yet. */
    async sealerForSecrets(): Promise<Sealer> {
        const sealer = await this.sealer(this.salt);
        this.salt = sealer.encryptionSalt;
        return sealer;
    }

    /** Writes the state: temporary file, then rename; writes follow one another. */
    save(): Promise<void> {
        const next = this.writing.then(() => this.write());
        this.writing = next.catch(() => undefined);
        return next;
    }

    private async write(): Promise<void> {
        let resources: Value = [...this.resources.values(), ...this.replaced] as unknown as Value;
        let outputs: Value = this.outputs;
        if (containsSecret(resources) || containsSecret(outputs)) {
            const sealer = await this.sealerForSecrets();
            resources = sealSecrets(resources, sealer);
            outputs = sealSecrets(outputs, sealer);
        }
        const content = {
            version: 1,
            project: this.project,
            stack: this.stack,
            encryptionSalt: this.salt,
            outputs,
            resources,
        };
        await fs.mkdir(path.dirname(this.file), { recursive: true, mode: 0o700 });
        const temporary = `${this.file}.${process.pid}.tmp`;
        try {
            await fs.writeFile(temporary, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 });
            await fs.rename(temporary, this.file);
        } catch (error) {
            await fs.rm(temporary, { force: true });
            throw error;
        }
    }
}

/** Reads a state file; undefined when there is none. */
export async function readStateFile(file: string): Promise<StateFile | undefined> {
    let text: string;
    try {
        text = await fs.readFile(file, "utf8");
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") {
            return undefined;
        }
        throw error;
    }
    const parsed = JSON.parse(text) as StateFile;
    if (parsed.version !== 1) {
        throw new Error(`${file} is no state of a rehearsal (version ${JSON.stringify(parsed.version)}, expected 1)`);
    }
    return parsed;
}

/** Opens the secrets of a state. */
export async function openStateFile(saved: StateFile, sealer: (salt?: string) => Promise<Sealer>): Promise<StateFile> {
    const sealed = saved as unknown as Value;
    if (!containsSecret(sealed)) {
        return saved;
    }
    return openSecrets(sealed, await sealer(saved.encryptionSalt)) as unknown as StateFile;
}
