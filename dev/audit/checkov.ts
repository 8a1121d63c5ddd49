import * as fs from "node:fs";
import * as path from "node:path";
import { runCommand } from "../../test/support/commands";
import { lastLines } from "../tools/requirements";

/** What a rule said about a resource. */
export interface Finding {
    rule: string;
    title: string;
    /** Name of the document, a plan or manifests. */
    document: string;
    /** Address of the resource in it. */
    address: string;
    passed: boolean;
}

interface Report {
    summary: { parsing_errors: number; resource_count: number };
    results: Record<"passed_checks" | "failed_checks", CheckRecord[]>;
}

interface CheckRecord {
    check_id: string;
    check_name: string;
    file_path: string;
    resource: string;
}

/** What Checkov calls the kinds of documents that it reads here. */
export type Framework = "terraform_plan" | "kubernetes";

/** Something that Checkov reads, and how many resources it has to find there. */
export interface Document {
    content: object;
    resources: number;
}

/** Runs Checkov on documents, by name, in a folder of its own and without network. */
export async function runCheckov(
    bin: string,
    folder: string,
    framework: Framework,
    documents: Map<string, Document>,
): Promise<Finding[]> {
    const names = [...documents.keys()];
    const fileOf = (i: number) => `${framework}-${i}.json`;
    [...documents.values()].forEach(({ content }, i) =>
        fs.writeFileSync(path.join(folder, fileOf(i)), JSON.stringify(content)),
    );
    const files = names.flatMap((_, i) => ["--file", fileOf(i)]);
    const args = [...files, "--framework", framework, "--compact", "--output", "json"];
    const { summary, results } = parse(await checkov(bin, folder, args));
    const given = [...documents.values()].reduce((sum, { resources }) => sum + resources, 0);
    if (summary.parsing_errors > 0 || summary.resource_count !== given) {
        throw new Error(`Checkov read ${summary.resource_count} of ${given} resources`);
    }
    const findings = (records: CheckRecord[], passed: boolean) =>
        records.map(({ check_id: rule, check_name: title, file_path: file, resource: address }): Finding => {
            const document = names[Number(/(\d+)\.json$/.exec(file)![1])]!;
            return { rule, title, document, address, passed };
        });
    return [...findings(results.passed_checks, true), ...findings(results.failed_checks, false)];
}

function parse(output: string): Report {
    try {
        return JSON.parse(output) as Report;
    } catch {
        throw new Error(`Checkov did not answer with JSON:\n${lastLines(output, 10)}`);
    }
}

/** The rules that Checkov has about each type of resource. */
export async function listRules(bin: string, folder: string, framework: Framework): Promise<Map<string, Set<string>>> {
    // Rules about plans are listed as those about Terraform.
    const listed = framework === "terraform_plan" ? "terraform" : framework;
    const table = await checkov(bin, folder, ["--list", "--framework", listed]);
    const rules = new Map<string, Set<string>>();
    for (const line of table.split("\n")) {
        const [, , rule, kind, type] = line.split("|").map((cell) => cell.trim());
        if (rule && type && kind === "resource") {
            rules.set(type, (rules.get(type) ?? new Set()).add(rule));
        }
    }
    return rules;
}

/** Exit code 1 says that a rule failed. */
async function checkov(bin: string, folder: string, args: string[]): Promise<string> {
    // Neither the user's settings nor the network: no configuration file, no cache, no platform.
    const env = { PATH: process.env.PATH, HOME: folder, LOG_LEVEL: "ERROR", LC_ALL: "C.UTF-8" };
    const options = { cwd: folder, env, seconds: 600 };
    const { status, stdout, stderr } = await runCommand(
        path.join(bin, "checkov"),
        [...args, "--skip-download"],
        options,
    );
    if (status !== 0 && status !== 1) {
        throw new Error(`Checkov ended with ${String(status)}:\n${lastLines(stderr || stdout, 10)}`);
    }
    return stdout;
}
