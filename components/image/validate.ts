import * as path from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import type { Builder } from "../builder";
import { nodesFor } from "../buildx/entries";
import { recordProblems } from "../buildx/record";
import { missingPlatform } from "../buildx/registration";
import { normalizePlatform, platformProblem } from "../platform";
import { plainCredentialsProblems } from "../plainCredentials";
import { Problems, isPlain } from "../problems";
import { isMovingTag, movingTagProblems } from "../registry/movingTags";
import { BuildStrategy, type ImageBuildArgs, type MultiArchImageArgs, defaultPlatforms } from "./arguments";
import { directoryProblem, isFile, isRemoteContext } from "./context";
import { usableArguments } from "./kinds";
import { cacheTag, isTag, platformTag, repositoryProblem, tagRule } from "./names";

/**
 * Checks everything that is known before the program creates anything; one error tells all that is wrong. Returns the
 * arguments without what is null or of the wrong kind.
 */
export function validateImage(name: string, given: MultiArchImageArgs, problems: Problems): MultiArchImageArgs {
    const args = usableArguments(given, (at, value, reason) => problems.add(at || "args", value, reason));
    environment(problems);
    platforms(args, problems);
    context(args, problems);
    target(name, args, problems);
    smokeTest(args, problems);
    logins(args, problems);
    if (args.strategy === BuildStrategy.Single) {
        single(args, problems);
    }
    builder(args, problems);
    return args;
}

function environment(problems: Problems): void {
    const value = process.env.DOCKER_BUILDKIT;
    if (value !== undefined && /^(0|f|false)$/i.test(value)) {
        problems.add("DOCKER_BUILDKIT", value, "this environment variable switches BuildKit off: unset it");
    }
}

function platforms(args: ImageBuildArgs, problems: Problems): void {
    checkPlatformList("platforms", args.platforms ?? defaultPlatforms, problems);
}

/** Checks a list of platforms: not empty, each one valid, none twice. */
export function checkPlatformList(property: string, list: readonly string[], problems: Problems): void {
    if (list.length === 0) {
        problems.add(property, list, "must name at least one platform, for example linux/arm64");
    }
    const seen = new Map<string, number>();
    list.forEach((platform, i) => {
        const at = `${property}[${i}]`;
        const problem = platformProblem(platform);
        const first = seen.get(normalizePlatform(platform));
        if (problem) {
            problems.add(at, platform, problem);
        } else if (first !== undefined) {
            problems.add(at, platform, `is the same platform as \`${property}[${first}]\`: take one out`);
        }
        seen.set(normalizePlatform(platform), first ?? i);
    });
}

function context(args: ImageBuildArgs, problems: Problems): void {
    const { dockerfile, dockerfileInline } = args;
    if (dockerfile !== undefined && dockerfileInline !== undefined) {
        problems.add("dockerfileInline", undefined, "cannot be given together with `dockerfile`: choose one");
    }
    if (isPlain(dockerfileInline) && !/^\s*FROM\s/im.test(dockerfileInline)) {
        problems.add("dockerfileInline", dockerfileInline, "must hold a Dockerfile with at least one FROM");
    }
    const location = args.context ?? ".";
    if (isPlain(location) && !isRemoteContext(location)) {
        const problem = directoryProblem(location);
        if (problem) {
            problems.add("context", location, problem);
        } else if (dockerfileInline === undefined && (dockerfile === undefined || isPlain(dockerfile))) {
            const file = dockerfile ?? path.join(location, "Dockerfile");
            if (!isFile(file)) {
                problems.add("dockerfile", file, "no such file; paths are relative to where the program runs");
            }
        }
    }
    if (isPlain(args.namedContexts)) {
        Object.entries(args.namedContexts).forEach(([key, value]) => {
            const local = isPlain(value) && !/^[a-z-]+:\/\//.test(value) && !isRemoteContext(value);
            const wrong = local ? directoryProblem(value) : undefined;
            if (wrong) {
                problems.add(`namedContexts[${JSON.stringify(key)}]`, value, wrong);
            }
        });
    }
}

function target(name: string, args: ImageBuildArgs, problems: Problems): void {
    const tags = args.tags ?? [];
    const push = args.push ?? true;
    if (push && tags.length === 0) {
        problems.add("tags", args.tags, 'must name at least one tag, for example ["1.4.2"], unless `push` is false');
    }
    if (!push && tags.length > 0) {
        problems.add("tags", tags.filter(isPlain), "cannot be given when `push` is false: nothing is tagged then");
    }
    checkRepository("repositoryUrl", args.repositoryUrl, problems);
    checkRepository("cache.repositoryUrl", args.cache?.repositoryUrl, problems);
    const plainTags = tags.map((tag) => (isPlain(tag) ? tag : undefined));
    plainTags.forEach((tag, i) => checkTag(`tags[${i}]`, tag, plainTags.indexOf(tag), i, problems));
    movingTagProblems(args.movingTags ?? []).forEach(({ index, value, reason }) =>
        problems.add(index === undefined ? "movingTags" : `movingTags[${index}]`, value, reason),
    );
    checkPlatformTags(args, plainTags, problems);
    checkCacheApart(name, args, plainTags, problems);
}

function checkRepository(property: string, value: pulumi.Input<string> | undefined, problems: Problems): void {
    const problem = isPlain(value) ? repositoryProblem(value) : undefined;
    if (problem) {
        problems.add(property, value, problem);
    }
}

function checkTag(at: string, tag: string | undefined, first: number, i: number, problems: Problems): void {
    if (tag === undefined) {
        return;
    }
    if (!isTag(tag)) {
        const whole = /[/:]/.test(tag) ? "; only the tag belongs here, the repository into `repositoryUrl`" : "";
        problems.add(at, tag, `${tagRule}${whole}`);
    } else if (first !== i) {
        problems.add(at, tag, `is given twice, see \`tags[${first}]\``);
    }
}

function checkPlatformTags(args: ImageBuildArgs, tags: (string | undefined)[], problems: Problems): void {
    const pattern = args.platformTags;
    if (pattern === undefined) {
        return;
    }
    if (!pattern.includes("{arch}") || !pattern.includes("{tag}")) {
        problems.add(
            "platformTags",
            pattern,
            "must hold `{tag}` and `{arch}`, and may hold `{os}`, for example `{tag}-{os}-{arch}`",
        );
        return;
    }
    const all = platformTagsOf(args, tags.includes(undefined) || tags.length === 0 ? [...tags, "tag"] : tags);
    const wrong = all.find((tag) => !isTag(tag));
    if (wrong !== undefined) {
        problems.add("platformTags", pattern, `does not make a tag: ${JSON.stringify(wrong)}`);
    }
    const clash = all.find((tag) => tags.includes(tag));
    if (clash !== undefined) {
        problems.add("platformTags", pattern, `makes the tag ${JSON.stringify(clash)}, which \`tags\` names too`);
    }
}

/** The tags that a pattern makes of the tags that are known and valid. */
function platformTagsOf(args: ImageBuildArgs, tags: (string | undefined)[]): string[] {
    const { platformTags: pattern } = args;
    const valid = tags.filter((tag) => tag !== undefined).filter(isTag);
    const wanted = (args.platforms ?? defaultPlatforms).filter((platform) => !platformProblem(platform));
    return pattern === undefined ? [] : valid.flatMap((tag) => wanted.map((p) => platformTag(pattern, tag, p)));
}

/** A cache that is written to a ref of the image would replace the image. */
function checkCacheApart(name: string, args: ImageBuildArgs, tags: (string | undefined)[], problems: Problems): void {
    const scope = args.cache?.scope ?? "main";
    if (scope === "") {
        problems.add("cache.scope", scope, "must not be empty; leave it out for `main`");
    }
    const { builder: record } = args as MultiArchImageArgs;
    const known: Partial<Builder> = isPlain(record) ? record : {};
    const image = args.repositoryUrl ?? known.imageRepositoryUrl;
    const cache = args.cache?.repositoryUrl ?? known.cacheRepositoryUrl;
    if (args.cache?.enabled === false || !isPlain(image) || !isPlain(cache) || image !== cache) {
        return;
    }
    const written = [...tags, ...platformTagsOf(args, tags)];
    for (const platform of (args.platforms ?? defaultPlatforms).filter((p) => !platformProblem(p))) {
        const tag = cacheTag(name, scope, platform);
        if (written.includes(tag)) {
            problems.add(
                "tags",
                tag,
                "is also the cache's ref, which would overwrite the image: choose another tag or cache repository",
            );
        } else if (args.movingTags && !isMovingTag(tag, args.movingTags)) {
            const reason = `is the image's repository, where the cache's tag ${tag} could be pushed once only: choose another`;
            problems.add("cache.repositoryUrl", cache, `${reason}, or name it in \`movingTags\``);
        }
    }
}

function smokeTest(args: ImageBuildArgs, problems: Problems): void {
    args.smokeTest?.forEach((command, i) => {
        if (command?.length === 0 || command?.[0] === "") {
            problems.add(`smokeTest[${i}]`, command, 'must be a list of words, for example ["/app", "--version"]');
        }
    });
    if (args.smokeTest && args.push === false) {
        problems.add("smokeTest", undefined, "runs the pushed image, so `push` must not be false");
    }
    if (args.smokeTestPlatforms === undefined) {
        return;
    }
    if (args.smokeTestPlatforms.length === 0) {
        problems.add("smokeTestPlatforms", [], "must name at least one platform; leave it out for all of them");
    }
    const texts = (args.platforms ?? defaultPlatforms).filter((platform) => typeof platform === "string");
    const wanted = new Set(texts.map(normalizePlatform));
    args.smokeTestPlatforms.forEach((platform, i) => {
        if (!wanted.has(normalizePlatform(platform))) {
            problems.add(
                `smokeTestPlatforms[${i}]`,
                platform,
                `must be one of \`platforms\`: ${[...wanted].join(", ")}`,
            );
        }
    });
    if (!args.smokeTest) {
        problems.add("smokeTestPlatforms", args.smokeTestPlatforms, "needs `smokeTest`: there is nothing to run");
    }
}

function logins(args: ImageBuildArgs, problems: Problems): void {
    const check = (at: string, login: object | undefined, parts: string[]) => {
        const given = login as Record<string, unknown> | undefined;
        // What is no login at all has been noted.
        const missing = (given ? parts : []).filter((part) => given?.[part] === undefined || given[part] === "");
        if (missing.length > 0) {
            problems.add(at, undefined, `is given by half; missing: ${missing.join(", ")}`);
        }
    };
    if (args.registryCredentials) {
        check("registryCredentials", args.registryCredentials, ["username", "password"]);
    }
    args.registries?.forEach((login, i) => check(`registries[${i}]`, login, ["address", "username", "password"]));
}

/** What strategy `single` does not take: one build pushes by itself and with the host's logins. */
function single(args: ImageBuildArgs, problems: Problems): void {
    const refused = ["smokeTest", "smokeTestPlatforms", "registryCredentials", "registries", "platformTags"] as const;
    for (const property of refused) {
        if (args[property] !== undefined) {
            problems.add(
                property,
                undefined,
                "is not possible with strategy `single`: use `per-platform`, or take it out",
            );
        }
    }
}

function builder(args: MultiArchImageArgs, problems: Problems): void {
    plainCredentialsProblems(args.credentials).forEach((reason) => problems.add("credentials", undefined, reason));
    if (args.builder === undefined) {
        problems.add(
            "builder",
            undefined,
            "is missing: give the builder's record, an output of the stack that owns it",
        );
    }
    if (!isPlain(args.builder)) {
        return;
    }
    const record = args.builder;
    const wrong = recordProblems(record, "builder");
    wrong.forEach(({ path: at, value, reason }) => problems.add(at, value, reason));
    if (wrong.length > 0) {
        return;
    }
    if (args.push !== false && args.repositoryUrl === undefined && !record.imageRepositoryUrl) {
        problems.add("repositoryUrl", undefined, "is missing, and the builder's record names no image repository");
    }
    if (args.cache?.enabled !== false && args.cache?.repositoryUrl === undefined && !record.cacheRepositoryUrl) {
        const remedy = "give one, or switch the cache off with `cache.enabled: false`";
        problems.add(
            "cache.repositoryUrl",
            undefined,
            `is missing, and the builder's record names no cache repository: ${remedy}`,
        );
    }
    (args.platforms ?? defaultPlatforms).forEach((platform, i) => {
        if (!platformProblem(platform) && nodesFor(record, platform).length === 0) {
            problems.add(`platforms[${i}]`, platform, missingPlatform(record, platform));
        }
    });
}
