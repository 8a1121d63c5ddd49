import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { Farm } from "../../dev/local/farm";
import { type RehearseResult } from "../../dev/rehearsal/run";
import { processesOf, until } from "./processes";
import { Project, RegistryView, fromProbe, writeContext } from "./project";
import { basicAuth } from "../../dev/local/registry";

export { until };

const passphrase = "swordfish passphrase";

/** A checkout with a stack of its own, whose passphrase must be found nowhere. */
export function stackOn(farm: Farm, base: string, stack = "test"): Project {
    return new Project(farm, base, stack, stack, passphrase);
}

/** Writes a stack's context: the probe, a file that makes it new, and RUN steps in the exec form. */
export function writeSource(project: Project, platforms: string[], version: string, ...steps: string[][]): void {
    const runs = steps.map((step) => `RUN ${JSON.stringify(step)}\n`).join("");
    const dockerfile = `${fromProbe}COPY VERSION /\n${runs}`;
    writeContext(path.join(project.dir, "ctx"), dockerfile, platforms, { VERSION: version });
}

/** A farm whose parts differ for those who configure a stack from it. */
export function altered(farm: Farm, parts: Partial<Pick<Farm, "nodes" | "credentials" | "registry">>): Farm {
    const { dir, nodes, credentials, registry, fresh, canRun } = farm;
    return { dir, nodes, credentials, registry, fresh, canRun, ...parts, stop: () => farm.stop() };
}

/** A run that has to fail, and what a fault must not touch. */
export interface Fault {
    errors: string[];
    text: string;
    seconds: number;
}

/** Runs what has to fail, and checks what holds for every fault: nothing moved, nothing torn, nothing secret left. */
export async function expectFault(
    project: Project,
    repository: string,
    run: () => Promise<RehearseResult>,
    mend: () => Promise<void> = async () => undefined,
): Promise<Fault> {
    const registry = new RegistryView(project.farm);
    const tags = () => tagDigests(registry, repository);
    const before = await tags();
    const temporary = new Set(fs.readdirSync(os.tmpdir()));
    const started = Date.now();
    const result = await run();
    const seconds = (Date.now() - started) / 1000;
    await mend();
    expect(result.exitCode).toBe(1);
    expect(result.errors.length).toBeGreaterThan(0);
    await until("the run's processes are gone", () => processesOf(project.dir).length === 0, 20);
    expect(await tags()).toEqual(before);
    expect(storeProblems(path.join(project.dockerConfig, "buildx"))).toEqual([]);
    expect(leaks(project, result, temporary)).toEqual([]);
    return { errors: result.errors, text: result.errors.join("\n"), seconds };
}

async function tagDigests(registry: RegistryView, repository: string): Promise<Record<string, string>> {
    // The first request may meet a kept connection of a listener that has ended since.
    await until(
        "the registry answers",
        () =>
            registry.get("").then(
                () => true,
                () => false,
            ),
        10,
    );
    const { status, body } = await registry.get(`${repository}/tags/list`);
    const tags = status === 200 ? ((body as { tags: string[] | null }).tags ?? []) : [];
    const digests = await Promise.all(tags.map(async (tag) => [tag, await registry.tagDigest(repository, tag)]));
    return Object.fromEntries(digests) as Record<string, string>;
}

/** What is torn in a buildx store: instances that do not parse, certificates that are missing, temporary files. */
export function storeProblems(store: string): string[] {
    const list = (folder: string) => (fs.existsSync(folder) ? fs.readdirSync(folder) : []);
    const problems: string[] = [];
    for (const name of list(path.join(store, "instances"))) {
        try {
            const text = fs.readFileSync(path.join(store, "instances", name), "utf8");
            const instance = JSON.parse(text) as { Name: string; Nodes: { DriverOpts: Record<string, string> }[] };
            if (instance.Name !== name || instance.Nodes.length === 0) {
                problems.push(`instances/${name} holds ${instance.Name} with ${instance.Nodes.length} nodes`);
            }
            const files = instance.Nodes.flatMap(({ DriverOpts: { cacert, cert, key } }) => [cacert, cert, key]);
            problems.push(...files.filter((file) => !file || !fs.existsSync(file)).map((file) => `no ${file}`));
        } catch (error) {
            problems.push(`instances/${name}: ${(error as Error).message}`);
        }
    }
    const own = path.join(store, "multiarch-builder");
    for (const name of list(own)) {
        const kept = /^[0-9a-f]{16}$/.test(name) ? list(path.join(own, name)).sort().join() : "";
        if (kept !== "ca.pem,cert.pem,key.pem") {
            problems.push(`multiarch-builder/${name} is left over or not whole (${kept})`);
        }
    }
    return problems;
}

/** Where a secret of a stack is that should not be there. */
function leaks(project: Project, result: RehearseResult, temporaryBefore: Set<string>): string[] {
    const { credentials, registry } = project.farm;
    const login = basicAuth(registry);
    const keyLines = credentials.key.split("\n").filter((line) => line !== "" && !line.startsWith("-----"));
    const secrets = [...keyLines, registry.password, login, passphrase];
    const holds = (text: string) => secrets.some((secret) => text.includes(secret));
    const found: string[] = [];
    if (holds(project.log.join("\n"))) {
        found.push("the log");
    }
    if (holds(JSON.stringify(result))) {
        found.push("the result");
    }
    const temporary = fs
        .readdirSync(os.tmpdir())
        .filter((name) => !temporaryBefore.has(name) && /pulumi|buildx|rehears/.test(name));
    const files = [
        ...filesBelow(path.dirname(project.dir), (file) => file.startsWith(`${project.farm.dir}/`)),
        ...temporary.flatMap((name) => filesBelow(path.join(os.tmpdir(), name))),
    ];
    for (const file of files) {
        // The client key in the store is what buildx dials with; only its owner may read it.
        const isKey = /\/buildx\/multiarch-builder\/[0-9a-f]{16}\/key\.pem$/.test(file);
        const stat = fs.statSync(file, { throwIfNoEntry: false });
        if (stat && holds(fs.readFileSync(file, "latin1")) && !(isKey && (stat.mode & 0o777) === 0o600)) {
            found.push(file);
        }
    }
    return found;
}

function filesBelow(folder: string, skip: (file: string) => boolean = () => false): string[] {
    if (!fs.existsSync(folder) || !fs.statSync(folder).isDirectory()) {
        return [];
    }
    return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
        const file = path.join(folder, entry.name);
        if (entry.isDirectory() && entry.name !== "node_modules") {
            return skip(`${file}/`) ? [] : filesBelow(file, skip);
        }
        return entry.isFile() ? [file] : [];
    });
}
