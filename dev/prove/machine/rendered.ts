import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Builder, BuilderCredentials } from "../../../components/builder";
import type { Architecture } from "../../../components/ec2/instanceTypes";
import type { Ec2BuildkitRelease } from "../../../components/ec2/nodeArguments";
import { passphraseSealers } from "../../rehearsal/passphrase";
import { reveal, type Value } from "../../rehearsal/properties";
import { rehearse } from "../../rehearsal/run";
import { StackState } from "../../rehearsal/state";
import { architectures, builderName } from "./nodes";

/** What the components made of the proof's program, as AWS would get it. */
export interface Rendered {
    /** User data by architecture, byte for byte. */
    userData: Record<Architecture, Buffer>;
    /** Ids of the cache volumes. */
    volumeIds: Record<Architecture, string>;
    /** SSM parameters by name. */
    parameters: Record<string, string>;
    builder: Builder;
    /** The client's credentials, read from the parameters that the record names. */
    credentials: BuilderCredentials;
}

const stack = "proof";
const env = { PULUMI_CONFIG_PASSPHRASE: "the machine proof" };

/** The proof's stack: its program run by the rehearsal engine, with real certificates in its state. */
export class ProofStack {
    constructor(
        private readonly folder: string,
        private readonly buildkit: Ec2BuildkitRelease,
    ) {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
    }

    /** Runs an update. Another validity makes new certificates by the same CAs. */
    async up(certificateValidityDays: number): Promise<Rendered> {
        const configFile = join(this.folder, `Pulumi.${stack}.yaml`);
        const proof = { buildkit: this.buildkit, certificateValidityDays };
        writeFileSync(configFile, JSON.stringify({ config: { proof } }), { mode: 0o600 });
        const stateFile = join(this.folder, "state.json");
        const projectDir = join(__dirname, "program");
        const { exitCode, errors } = await rehearse({ command: "up", projectDir, stack, configFile, stateFile, env });
        if (exitCode !== 0) {
            throw new Error(`the proof's program failed: ${errors.join("; ")}`);
        }
        const state = await StackState.load(stateFile, "machine-proof", stack, passphraseSealers(env).sealer);
        return read(state);
    }
}

function read(state: StackState): Rendered {
    const all = [...state.resources.values()].map(({ type, name, id, inputs }) => ({
        type,
        name,
        id,
        inputs: reveal(inputs) as Record<string, Value>,
    }));
    const one = (name: string) => {
        const found = all.find((resource) => resource.name === name);
        if (!found) {
            throw new Error(`the proof's program made no resource ${name}`);
        }
        return found;
    };
    const byArchitecture = <T>(valueOf: (architecture: Architecture) => T) =>
        Object.fromEntries(architectures.map((each) => [each, valueOf(each)])) as Record<Architecture, T>;
    const parameters = Object.fromEntries(
        all
            .filter(({ type }) => type === "aws:ssm/parameter:Parameter")
            .map(({ inputs }) => [text(inputs.name), text(inputs.value ?? inputs.insecureValue)]),
    );
    const builder = JSON.parse(text(one(`${builderName}-parameter-builder`).inputs.insecureValue)) as Builder;
    const { ca = "", cert = "", key = "" } = builder.credentialsParameters ?? {};
    return {
        userData: byArchitecture((each) =>
            Buffer.from(text(one(`${builderName}-${each}-instance`).inputs.userDataBase64), "base64"),
        ),
        volumeIds: byArchitecture((each) => one(`${builderName}-${each}-cache`).id),
        parameters,
        builder,
        credentials: { ca: parameters[ca] ?? "", cert: parameters[cert] ?? "", key: parameters[key] ?? "" },
    };
}

function text(value: Value | undefined): string {
    if (typeof value !== "string") {
        throw new Error(`expected text in the proof's state, got ${JSON.stringify(value)}`);
    }
    return value;
}
