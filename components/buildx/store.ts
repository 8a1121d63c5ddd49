import { createHash, randomBytes } from "node:crypto";
import { chmod, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import type { Builder, BuilderCredentials } from "../builder";
import { type Entry, imageEntryPlatform, isPlatformEntryOf, nodesFor } from "./entries";
import { type StoredInstance, credentialFiles, parseInstance, renderInstance } from "./instance";
import { needsCredentials } from "./kubePod";

const ownFolder = "multiarch-builder";

/** Where buildx keeps its builders. https://github.com/docker/buildx/blob/v0.37.0/util/confutil/config.go */
export function storeDir(env: NodeJS.ProcessEnv = process.env): string {
    const dir = env.BUILDX_CONFIG || path.join(env.DOCKER_CONFIG || path.join(os.homedir(), ".docker"), "buildx");
    return path.resolve(dir);
}

/**
 * Writes entries and their credentials. The PEM files come first, then each instance by a rename, so that whoever reads
 * the store at any moment finds a whole builder. Nothing is locked: a second writer writes the same bytes.
 */
export async function writeEntries(dir: string, entries: Entry[], credentials: BuilderCredentials): Promise<void> {
    await Promise.all(entries.map((entry) => refuseForeign(dir, entry.name)));
    const withCredentials = entries.some((entry) => entry.nodes.some(needsCredentials));
    const credentialsDir = credentialsFolder(dir, credentials);
    await privateDir(path.join(dir, ownFolder));
    if (withCredentials) {
        await writeCredentials(dir, credentials);
    }
    await privateDir(path.join(dir, "instances"));
    for (const entry of entries) {
        const file = instanceFile(dir, entry.name);
        const before = await readText(file);
        const after = renderInstance(entry, credentialsDir);
        if (before !== after) {
            await writePrivate(dir, file, after);
        }
    }
    // Another process with other credentials may have found these unused before the instances were there.
    if (withCredentials) {
        await writeCredentials(dir, credentials);
    }
    // Whoever is last sees to the credentials of all: between two others, an instance may have gone from hand to hand.
    await removeUnreferenced(dir, await credentialsFolders(dir));
}

/** Removes the entries of single platforms that a builder no longer has. */
export async function removeStaleEntries(dir: string, builderName: string, current: Entry[]): Promise<void> {
    const names = new Set(current.map((entry) => entry.name));
    await removeOwn(dir, (name) => isPlatformEntryOf(builderName, name) && !names.has(name));
}

/**
 * Removes the entries of images whose node is no replica of the builder any more, or whose credentials are not the
 * builder's. Others stay, also of images that moved or are gone: the record does not tell, another process may be about to
 * build on them, and each build writes its own anew.
 */
export async function removeStaleImageEntries(
    dir: string,
    builder: Builder,
    credentials: BuilderCredentials,
): Promise<void> {
    const folder = credentialsFolder(dir, credentials);
    await removeOwn(dir, (name, { nodeNames, credentialsDirs }) => {
        const platform = imageEntryPlatform(builder, name, nodeNames);
        const replicas = platform === undefined ? [] : nodesFor(builder, platform);
        const inUse = replicas.length > 1 && replicas.some((node) => node.name === nodeNames[0]);
        return platform !== undefined && !(inUse && credentialsDirs.every((used) => used === folder));
    });
}

/**
 * Removes all entries of a builder that this package wrote, and credentials that nothing refers to any more. Returns the
 * names removed. A builder of the user's with the same name is left alone.
 */
export async function forgetBuilder(dir: string, builder: Builder): Promise<string[]> {
    const removed = await removeOwn(
        dir,
        (name, { nodeNames }) =>
            name === builder.name ||
            isPlatformEntryOf(builder.name, name) ||
            imageEntryPlatform(builder, name, nodeNames) !== undefined,
    );
    // `buildx rm` takes entries away and knows nothing of their credentials.
    await removeUnreferenced(dir, await credentialsFolders(dir));
    return removed;
}

/** Removes entries that this package wrote, and returns their names. */
async function removeOwn(dir: string, matches: (name: string, instance: StoredInstance) => boolean): Promise<string[]> {
    const removed: string[] = [];
    for (const name of await listDir(path.join(dir, "instances"))) {
        const text = await readText(instanceFile(dir, name));
        const instance = text === undefined ? undefined : parseInstance(text);
        if (instance && isOwn(dir, instance) && matches(name, instance)) {
            await rm(instanceFile(dir, name), { force: true });
            await rm(path.join(dir, "activity", name), { force: true });
            // buildx's notes of the builds, with the paths of their contexts; `buildx rm` removes them too.
            await rm(path.join(dir, "refs", name), { recursive: true, force: true });
            await removeUnused(dir, text);
            removed.push(name);
        }
    }
    await resetDefault(dir, removed);
    return removed;
}

/** Another builder that gets the name of a removed one later must not be the default unasked. */
async function resetDefault(dir: string, removed: string[]): Promise<void> {
    const file = path.join(dir, "current");
    const current = await readText(file);
    const { key, name } = parseCurrent(current);
    if (name !== undefined && removed.includes(name)) {
        await writePrivate(dir, file, JSON.stringify({ Key: key, Name: "", Global: false }));
    }
}

/** Makes a builder the one that `docker buildx` uses when none is named, for every context of this store. */
export async function makeDefault(dir: string, name: string): Promise<void> {
    await privateDir(path.join(dir, ownFolder));
    const current = await readText(path.join(dir, "current"));
    const after = JSON.stringify({ Key: parseCurrent(current).key, Name: name, Global: true });
    await writePrivate(dir, path.join(dir, "current"), after);
}

/** The Docker context that a `current` file was written for, which does not matter for a global default, and its builder. */
function parseCurrent(current: string | undefined): { key: string; name?: string } {
    try {
        const { Key, Name } = (JSON.parse(current ?? "{}") ?? {}) as { Key?: string; Name?: string };
        return { key: Key ?? "", name: Name };
    } catch {
        return { key: "" };
    }
}

async function refuseForeign(dir: string, name: string): Promise<void> {
    const text = await readText(instanceFile(dir, name));
    if (text === undefined) {
        return;
    }
    const instance = parseInstance(text);
    if (!instance || !isOwn(dir, instance)) {
        throw new Error(
            `the buildx builder "${name}" in ${dir} was not registered by multiarch-builder, so it is left alone. ` +
                `Remove it (docker buildx rm ${name}) or give this builder another name`,
        );
    }
}

function isOwn(dir: string, instance: StoredInstance): boolean {
    const own = path.join(dir, ownFolder);
    return instance.nodeNames.length > 0 && instance.credentialsDirs.every((folder) => path.dirname(folder) === own);
}

/** The folder of a set of PEM files, named by their content, so that two sets never mix. */
function credentialsFolder(dir: string, { ca, cert, key }: BuilderCredentials): string {
    const hash = createHash("sha256")
        .update(JSON.stringify([ca, cert, key]))
        .digest("hex")
        .slice(0, 16);
    return path.join(dir, ownFolder, hash);
}

async function credentialsFolders(dir: string): Promise<string[]> {
    const own = path.join(dir, ownFolder);
    return (await listDir(own)).filter((name) => /^[0-9a-f]{16}$/.test(name)).map((name) => path.join(own, name));
}

async function writeCredentials(dir: string, credentials: BuilderCredentials): Promise<void> {
    const folder = credentialsFolder(dir, credentials);
    for (let tries = 1; ; tries++) {
        try {
            await privateDir(path.join(dir, ownFolder));
            await privateDir(folder);
            await Promise.all([path.dirname(folder), folder].map((own) => chmod(own, 0o700)));
            for (const part of ["ca", "cert", "key"] as const) {
                const file = path.join(folder, credentialFiles[part]);
                if ((await readText(file)) !== credentials[part]) {
                    await writePrivate(dir, file, credentials[part]);
                }
            }
            return;
        } catch (error) {
            // Another process found the folder unused meanwhile.
            if (!isMissing(error) || tries === 10) {
                throw error;
            }
        }
    }
}

/** Removes the credentials of an instance that is gone or rewritten, unless another instance refers to them. */
async function removeUnused(dir: string, before: string | undefined): Promise<void> {
    const instance = before === undefined ? undefined : parseInstance(before);
    if (!instance || !isOwn(dir, instance)) {
        return;
    }
    await removeUnreferenced(dir, instance.credentialsDirs);
}

/**
 * Removes folders with credentials unless an instance refers to them. Each is moved aside and looked for once more: another
 * process writes the instance first and then looks whether the folder is still there.
 */
async function removeUnreferenced(dir: string, folders: string[]): Promise<void> {
    for (const folder of folders) {
        const aside = `${folder}.${randomBytes(6).toString("hex")}`;
        if ((await referencedFolders(dir)).has(folder) || !(await moved(folder, aside))) {
            continue;
        }
        if ((await referencedFolders(dir)).has(folder)) {
            await moved(aside, folder);
        }
        await rm(aside, { recursive: true, force: true, maxRetries: 5 });
    }
}

async function referencedFolders(dir: string): Promise<Set<string>> {
    const names = await listDir(path.join(dir, "instances"));
    const texts = await Promise.all(names.map((name) => readText(instanceFile(dir, name))));
    return new Set(texts.flatMap((text) => (text && parseInstance(text)?.credentialsDirs) || []));
}

/** Moves a folder; false when it is gone, or when there is one at the new place already. */
async function moved(from: string, to: string): Promise<boolean> {
    try {
        await rename(from, to);
        return true;
    } catch (error) {
        if (isMissing(error) || ["ENOTEMPTY", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "")) {
            return false;
        }
        throw error;
    }
}

function instanceFile(dir: string, name: string): string {
    return path.join(dir, "instances", name.toLowerCase());
}

async function privateDir(dir: string): Promise<void> {
    await mkdir(dir, { recursive: true, mode: 0o700 });
}

function isMissing(error: unknown): boolean {
    return (error as NodeJS.ErrnoException).code === "ENOENT";
}

/** Writes by a rename from our own folder: buildx takes every file in `instances` for a builder. */
async function writePrivate(dir: string, file: string, text: string): Promise<void> {
    const temporary = path.join(dir, ownFolder, `${path.basename(file)}.${randomBytes(6).toString("hex")}`);
    try {
        await writeFile(temporary, text, { mode: 0o600, flag: "wx" });
        await chmod(temporary, 0o600);
        await rename(temporary, file);
    } catch (error) {
        await rm(temporary, { force: true });
        throw error;
    }
}

async function readText(file: string): Promise<string | undefined> {
    try {
        return await readFile(file, "utf8");
    } catch (error) {
        if (isMissing(error)) {
            return undefined;
        }
        throw error;
    }
}

async function listDir(dir: string): Promise<string[]> {
    try {
        return (await readdir(dir)).filter((name) => !name.startsWith("."));
    } catch (error) {
        if (isMissing(error)) {
            return [];
        }
        throw error;
    }
}
