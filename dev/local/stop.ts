import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { nearest } from "../../components/platform";
import { stopFarm } from "./stopFarm";

const usage = `Usage: npm run stop [-- OPTIONS]

Ends the local BuildKit nodes and the registry, and removes every file with a secret: keys, passwords, the stack
configuration, the buildx store and the engines' state. Caches, registry data and logs stay.

  --purge     remove caches, registry data and logs, too
  --dir DIR   folder of the farm (default: .local)
  --help      this text

Exit codes: 0 nothing runs any more, 1 something could not be ended or removed, 2 wrong usage.
`;

const options = {
    purge: { type: "boolean" },
    dir: { type: "string" },
    help: { type: "boolean", short: "h" },
} as const;

async function main(args: string[]): Promise<number> {
    let values;
    try {
        values = parseArgs({ args, options, strict: true, allowPositionals: false }).values;
    } catch (error) {
        const { message } = error as Error;
        const unknown = message.match(/^Unknown option '(-[^']*)'/)?.[1];
        const flags = Object.keys(options).map((name) => `--${name}`);
        console.error(
            `error: ${unknown ? `unknown option ${unknown}: did you mean ${nearest(unknown, flags)}?` : message}\n\n${usage}`,
        );
        return 2;
    }
    if (values.help) {
        process.stdout.write(usage);
        return 0;
    }
    const dir =
        values.dir === undefined
            ? resolve(__dirname, "../../.local")
            : resolve(process.env.INIT_CWD ?? ".", values.dir);
    try {
        await stopFarm(dir, { purge: values.purge ?? false, log: (line) => console.log(line) });
        console.log("stopped");
        return 0;
    } catch (error) {
        console.error(`error: ${(error as Error).message}`);
        return 1;
    }
}

void main(process.argv.slice(2)).then((code) => (process.exitCode = code));
