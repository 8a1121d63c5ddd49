import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { Sealer, createSealer } from "../rehearsal/passphrase";
import type { ImageArguments } from "./arguments";
import type { Farm } from "./farm";
import { readIfThere, writePrivate } from "./files";

/** A stack configuration on disk and what opens its secrets. */
export interface StackFile {
    configFile: string;
    passphrase: string;
}

export const stackName = "local";
const project = "multiarch-builder";

/** Writes the farm and the image as configuration of the program, secrets sealed as the Pulumi CLI seals them. */
export async function writeStackConfig(farm: Farm, image: ImageArguments, platforms: string[]): Promise<StackFile> {
    const configFile = join(farm.dir, `Pulumi.${stackName}.yaml`);
    const passphrase = keptPassphrase(farm.dir);
    const sealer = await sealerFor(configFile, passphrase);
    const values = stackValues(farm, image, platforms, (plain) => ({ secure: sealer.seal(plain) }));
    const config = Object.fromEntries(Object.entries(values).map(([key, value]) => [`${project}:${key}`, value]));
    writePrivate(configFile, stringify({ encryptionsalt: sealer.encryptionSalt, config }, { lineWidth: 0 }));
    return { configFile, passphrase };
}

/** The configuration keys of the program. */
export function stackValues(
    farm: Pick<Farm, "nodes" | "credentials" | "registry" | "canRun">,
    image: ImageArguments,
    platforms: string[],
    secret: (plain: string) => unknown,
): Record<string, unknown> {
    const { credentials, registry } = farm;
    const tested = testedPlatforms(image, platforms, farm.canRun);
    return {
        backend: "endpoints",
        endpoints: farm.nodes.map(({ platforms, endpoint, serverName, emulated }) => ({
            platforms,
            endpoint,
            serverName,
            ...(emulated.length > 0 ? { emulated } : {}),
        })),
        credentials: { ca: credentials.ca, cert: credentials.cert, key: secret(credentials.key) },
        registry: {
            imageRepositoryUrl: `${registry.address}/${image.name}`,
            cacheRepositoryUrl: `${registry.address}/cache`,
            // With `single`, buildx pushes with the host's logins and nothing else.
            ...(image.strategy === "single"
                ? {}
                : { credentials: { username: registry.username, password: secret(registry.password) } }),
        },
        image: {
            name: image.name,
            context: image.context,
            ...(image.dockerfile === undefined ? {} : { dockerfile: image.dockerfile }),
            ...(image.target === undefined ? {} : { target: image.target }),
            ...(Object.keys(image.buildArgs).length > 0 ? { buildArgs: image.buildArgs } : {}),
            tags: image.tags,
            platforms,
            strategy: image.strategy,
            ...(tested.length > 0 ? { smokeTest: image.smokeTest, smokeTestPlatforms: tested } : {}),
        },
    };
}

/** Platforms whose smoke test can run on their nodes. */
export function testedPlatforms(
    image: ImageArguments,
    platforms: string[],
    canRun: (platform: string) => boolean,
): string[] {
    return image.smokeTest.length > 0 ? platforms.filter(canRun) : [];
}

function keptPassphrase(dir: string): string {
    const file = join(dir, "passphrase");
    const kept = readIfThere(file);
    if (kept) {
        return kept;
    }
    const passphrase = randomBytes(32).toString("base64url");
    writePrivate(file, passphrase);
    return passphrase;
}

/** Keeps the salt of an earlier start, since the engine's state was sealed with it. */
async function sealerFor(configFile: string, passphrase: string): Promise<Sealer> {
    const earlier = readIfThere(configFile);
    const salt =
        earlier === undefined ? undefined : (parse(earlier) as { encryptionsalt?: string } | null)?.encryptionsalt;
    return createSealer(passphrase, salt);
}
