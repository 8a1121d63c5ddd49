import { Checks } from "../checks";
import { readOptions } from "../commandLine";
import type { NamedCheck } from "./checks/check";
import { builds } from "./checks/builds";
import { failures } from "./checks/failures";
import { Workplace } from "./workplace";

const help = `Executes the configuration that is rendered for CI systems: its script steps, in clean environments, against two local
BuildKit nodes, a registry that asks for a login, and an emulator of AWS.

Usage: npm run prove:ci [-- --only TEXT]

  --only TEXT  only checks whose names hold the text, for example github; may be given several times
  -h, --help   this text

Checkout, the exchange of the identity token for credentials by an action or a plugin, and ECR's host are stand-ins. It
needs Linux, root, Go, Python and the Docker command line; no Docker engine.

Exit codes: 0 all checks passed, 1 a check failed, 2 wrong usage.
`;

async function main(): Promise<number> {
    const values = readOptions({ only: { type: "string", multiple: true } }, help);
    if (typeof values === "number") {
        return values;
    }
    const only = (values.only ?? [""]).map((text) => text.toLowerCase());
    const chosen = [...builds, ...failures].filter(([name]) => only.some((text) => name.toLowerCase().includes(text)));
    if (chosen.length === 0) {
        process.stderr.write(`--only ${only.join(", ")}: no check has that in its name\n`);
        return 2;
    }
    const checks = new Checks(log);
    let place: Workplace | undefined;
    const interrupted = new AbortController();
    const stop = new Promise<never>((_, reject) => {
        const end = () => {
            interrupted.abort();
            reject(new Error("interrupted"));
        };
        process.on("SIGINT", end).on("SIGTERM", end);
    });
    try {
        await Promise.race([
            stop,
            prove(checks, chosen, interrupted.signal, async () => (place = await Workplace.open(log))),
        ]);
    } catch (error) {
        checks.giveUp(error);
    }
    await checks.check("nothing of it is left", async () => {
        const left = (await place?.close()) ?? [];
        if (left.length > 0) {
            throw new Error(`processes: ${left.join(", ")}`);
        }
    });
    log(checks.summary);
    return checks.failed ? 1 : 0;
}

async function prove(
    checks: Checks,
    chosen: readonly NamedCheck[],
    interrupted: AbortSignal,
    open: () => Promise<Workplace>,
): Promise<void> {
    let place!: Workplace;
    await checks.must("two nodes, a registry and an emulator of AWS start", async () => {
        place = await open();
        return `${place.platforms.join(", ")}; registry ${place.registry}`;
    });
    for (const [name, make] of chosen) {
        interrupted.throwIfAborted();
        await checks.check(name, () => make(place));
    }
}

function log(line: string): void {
    console.log(line);
}

void main().then((code) => process.exit(code));
