import { invokes, models } from "../rehearsal/models";
import { mask, type Properties, reveal, type Value } from "../rehearsal/properties";
import { Recorder } from "../../test/support/recorder";

/** A resource of AWS as a program registered it, and what AWS would answer. */
export interface AwsResource {
    type: string;
    name: string;
    /** Secrets are masked. */
    inputs: Properties;
    /** Its id, its ARN and the like, from the rehearsal's model. */
    outputs: Properties;
}

const digest = `sha256:${"0".repeat(64)}`;

/** Outputs of other providers' resources; what they say does not matter here. */
const others: Record<string, Properties> = {
    tls: {
        privateKeyPem: "KEY",
        privateKeyPemPkcs8: "KEY",
        certPem: "CERTIFICATE",
        certRequestPem: "REQUEST",
        validityEndTime: "2099-01-01T00:00:00Z",
    },
    "docker-build": { ref: `registry.invalid/image@${digest}`, digest },
};

/** The AWS resources that a program registers. */
export async function recordAws(program: () => void): Promise<AwsResource[]> {
    const outputs = new Map<string, Properties>();
    const recorder = new Recorder({
        outputs: (type, name, inputs) => {
            const answer = outputsOf(type, name, reveal(inputs as Properties) as Properties);
            outputs.set(`${type}::${name}`, answer);
            return answer;
        },
        call: (token, inputs) => {
            const answer = invokes[token];
            if (!answer) {
                throw new Error(`no answer for ${token}: add it to dev/rehearsal/models`);
            }
            return answer(inputs as Properties);
        },
    });
    await recorder.install();
    program();
    await recorder.settle();
    return recorder.resources
        .filter(({ type }) => type.startsWith("aws:"))
        .map(({ type, name, inputs }) => ({
            type,
            name,
            inputs: mask(inputs as Value) as Properties,
            outputs: outputs.get(`${type}::${name}`) ?? {},
        }));
}

function outputsOf(type: string, name: string, inputs: Properties): Properties {
    const model = models[type];
    if (!model && type.startsWith("aws:")) {
        throw new Error(`no model of ${type}: add it to dev/rehearsal/models`);
    }
    return model?.(inputs, `${type}::${name}`) ?? others[type.split(":")[0]!] ?? {};
}
