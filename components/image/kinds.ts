import {
    type Kind,
    type Note,
    anything,
    choice,
    flag,
    hidden,
    list,
    map,
    object,
    plainFlag,
    plainText,
    text,
} from "../kinds";
import { BuildNetwork, BuildStrategy, CacheMode, type MultiArchImageArgs } from "./arguments";

const platforms = list(anything, '["linux/amd64", "linux/arm64"]');
const commands = '[["/app", "--version"]]';

/** The kind of each argument of an image. What a list of platforms holds is checked with the platforms. */
const kinds: Record<keyof MultiArchImageArgs, Kind> = {
    builder: anything,
    credentials: anything,
    context: text,
    dockerfile: text,
    dockerfileInline: text,
    namedContexts: map(text),
    target: text,
    buildArgs: map(text),
    secrets: hidden(map(text)),
    ssh: list(object({ id: text, paths: anything }), '[{ id: "default" }]'),
    labels: map(text),
    addHosts: anything,
    network: choice(Object.values(BuildNetwork)),
    pull: flag,
    noCache: flag,
    platforms,
    strategy: choice(Object.values(BuildStrategy)),
    repositoryUrl: text,
    tags: list(text, '["1.4.2"]'),
    platformTags: plainText,
    movingTags: list(plainText, '["latest"]'),
    push: plainFlag,
    registryCredentials: hidden(object({ username: text, password: text })),
    registries: hidden(
        list(object({ address: text, username: text, password: text }), "[{ address, username, password }]"),
    ),
    cache: object({
        enabled: plainFlag,
        mode: choice(Object.values(CacheMode)),
        scope: plainText,
        readOnly: plainFlag,
        repositoryUrl: text,
    }),
    smokeTest: list(list(text, '["/app", "--version"]'), commands),
    smokeTestPlatforms: platforms,
    rebuild: text,
};

/** An image's arguments without what is null or of the wrong kind, which is noted. */
export function usableArguments(args: MultiArchImageArgs, note: Note): MultiArchImageArgs {
    return (object(kinds)(args, "", note) ?? {}) as unknown as MultiArchImageArgs;
}
