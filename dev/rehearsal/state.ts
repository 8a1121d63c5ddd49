import * as fs from "node:fs";
import * as path from "node:path";
import type { Sealer } from "./passphrase";
import { containsSecret, openSecrets, sealSecrets, type Properties, type Value } from "./properties";
import type { ResourceState } from "./resource";

/** Gives the sealer for a salt, or for a new one; asks for the passphrase. */
export type SealerSource = (salt?: string) => Promise<Sealer>;

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
    outputs: Properties = {};

    private constructor(
        private readonly file: string,
        private readonly project: string,
        private readonly stack: string,
        private readonly sealer: SealerSource,
        private salt?: string,
    ) {}

    static async load(file: string, project: string, stack: string, sealer: SealerSource): Promise<StackState> {
        const saved = readStateFile(file);
        const state = new StackState(file, project, stack, sealer, saved?.encryptionSalt);
        if (saved === undefined) {
            return state;
        }
        if (saved.project !== project || saved.stack !== stack) {
            throw new Error(
                `${file} holds the state of ${saved.project}/${saved.stack}, not of ${project}/${stack}: give another file with --state`,
            );
        }
        const { resources, outputs } = await openState(saved, sealer);
        resources.forEach((resource) => state.put(resource));
        state.outputs = outputs;
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

    /** Writes the state, whole or not at all. */
    async save(): Promise<void> {
        const hasSecrets = containsSecret([this.outputs, ...this.resources.values()] as unknown as Value);
        const sealer = hasSecrets ? await this.sealerForSecrets() : undefined;
        // Nothing below waits, so that two saves never mix.
        const { project, stack, salt: encryptionSalt, outputs } = this;
        const resources = [...this.resources.values()];
        const content = { version: 1, project, stack, encryptionSalt, outputs, resources } as unknown as Value;
        const text = JSON.stringify(sealer ? sealSecrets(content, sealer) : content, undefined, 2);
        fs.mkdirSync(path.dirname(this.file), { recursive: true, mode: 0o700 });
        const temporary = `${this.file}.${process.pid}.tmp`;
        fs.writeFileSync(temporary, `${text}\n`, { mode: 0o600 });
        fs.renameSync(temporary, this.file);
    }
}

/** Reads a state file, its secrets still sealed; undefined when there is none. */
export function readStateFile(file: string): StateFile | undefined {
    if (!fs.existsSync(file)) {
        return undefined;
    }
    const saved = JSON.parse(fs.readFileSync(file, "utf8")) as StateFile;
    if (saved.version !== 1) {
        throw new Error(`${file} is no state of a rehearsal (version ${JSON.stringify(saved.version)}, expected 1)`);
    }
    return saved;
}

/** Opens the secrets of a state. */
export async function openState(saved: StateFile, sealer: SealerSource): Promise<StateFile> {
    const sealed = saved as unknown as Value;
    return containsSecret(sealed)
        ? (openSecrets(sealed, await sealer(saved.encryptionSalt)) as unknown as StateFile)
        : saved;
}
