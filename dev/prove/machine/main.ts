import type { Architecture } from "../../../components/ec2/instanceTypes";
import { installPackages } from "../../tools/packages";
import { Checks } from "../checks";
import { type Arguments, parseArguments, usage } from "./arguments";
import { machinePrograms } from "./machine";
import { architectures, hostArchitecture } from "./nodes";
import { Workshop } from "./workshop";

/** Why the proof cannot run on this machine; undefined when it can. */
function missing(architecture: Architecture): string | undefined {
    if (process.platform !== "linux" || hostArchitecture === undefined) {
        return `it needs Linux on amd64 or arm64, this is ${process.platform} on ${process.arch}`;
    }
    if (process.getuid?.() !== 0) {
        return "it needs root to make the machine's disk";
    }
    if (architecture !== hostArchitecture && architecture === "amd64") {
        return "an arm64 machine emulates no amd64 one here";
    }
    const needed = architecture === hostArchitecture ? [architecture] : architectures;
    return installPackages(
        Object.assign({}, ...needed.map(machinePrograms)) as Record<string, string>,
        "the machine proof",
    );
}

async function prove({ architecture, accelerator }: Arguments): Promise<number> {
    const log = (line: string) => console.log(line);
    const started = Date.now();
    const workshop = new Workshop(log);
    const interrupted = (signal: NodeJS.Signals) => {
        workshop.close();
        process.exit(signal === "SIGINT" ? 130 : 143);
    };
    process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
    const checks = new Checks(log, async () => workshop.tellOfFailure());
    try {
        await workshop.prove(architecture, accelerator, checks);
    } catch (error) {
        checks.giveUp(error);
    } finally {
        workshop.close();
        process.off("SIGINT", interrupted).off("SIGTERM", interrupted);
    }
    log(checks.summary);
    log(`Time:        ${((Date.now() - started) / 1000).toFixed(0)} s`);
    return checks.failed ? 1 : 0;
}

async function main(args: string[]): Promise<number> {
    const parsed = parseArguments(args);
    if (parsed === "help") {
        process.stdout.write(usage);
        return 0;
    }
    if ("wrong" in parsed) {
        process.stderr.write(`${parsed.wrong}\n\n${usage}`);
        return 2;
    }
    const reason = missing(parsed.architecture);
    if (reason !== undefined) {
        console.log(`skipped: machine proof: ${reason}`);
        console.log("Tests:       1 skipped, 1 total");
        return 0;
    }
    return prove(parsed);
}

void main(process.argv.slice(2)).then((code) => process.exit(code));
