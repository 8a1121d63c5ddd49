import { parseArgs } from "node:util";
import { evaluate, groups, isReady } from "./evaluate";
import { gatherFacts } from "./probes";
import { render } from "./render";

const usage = `Usage: npm run doctor [-- OPTIONS]

Looks at what the project needs on this machine and prints a table: what was found, what is needed, and how to get
what is missing. Changes nothing and contacts nobody but the Docker engine of the CLI's current context.

  --aws    ask AWS (STS) as well who the credentials belong to, with the AWS CLI
  --json   print the same as JSON
  --help   this text

Exit codes: 0 npm start can run, as processes or in containers; 1 it cannot; 2 wrong usage.
`;

async function main(args: string[]): Promise<number> {
    let values;
    try {
        const flag = { type: "boolean", default: false } as const;
        values = parseArgs({ args, options: { aws: flag, json: flag, help: { ...flag, short: "h" } } }).values;
    } catch (error) {
        process.stderr.write(`${(error as Error).message}\n\n${usage}`);
        return 2;
    }
    if (values.help) {
        process.stdout.write(usage);
        return 0;
    }
    const facts = await gatherFacts(process.env, { aws: values.aws });
    const rows = evaluate(facts);
    const ready = Object.fromEntries(groups.map((group) => [group, isReady(rows, group)]));
    const { failures } = facts;
    const lines = [
        ...render(rows, process.stdout.columns || 80, process.stdout),
        ...failures.map((failure) => `could not be found out: ${failure}`),
    ];
    process.stdout.write(
        values.json
            ? `${JSON.stringify({ ready, checks: rows, failures }, undefined, 2)}\n`
            : `${lines.join("\n").trim()}\n`,
    );
    return ready["local default as processes"] || ready["local default in containers"] ? 0 : 1;
}

void main(process.argv.slice(2)).then((code) => (process.exitCode = code));
