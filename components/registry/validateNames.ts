import { duplicates } from "../buildx/record";
import { isInput } from "../kinds";
import { isObject } from "../objects";
import { type Problems, isPlain } from "../problems";
import type { BuildRegistryArgs, ExistingRepository } from "./arguments";
import { namePrefixProblem, parseRepositoryArn, repositoryArn, repositoryNameProblem } from "./names";

/** The name of the cache repository to create, without the prefix; undefined when an existing one is used. */
export function cacheRepositoryName(args: BuildRegistryArgs): string | undefined {
    if (args.existingCacheRepository !== undefined) {
        return undefined;
    }
    const first = args.repositories?.[0] ?? args.existingRepositories?.[0]?.name;
    return args.cacheRepository ?? `${first ?? ""}-cache`;
}

/** Checks the names of all repositories, alone and among each other. */
export function checkNames(
    args: BuildRegistryArgs,
    repositories: string[],
    existing: ExistingRepository[],
    problems: Problems,
): void {
    const prefix = args.namePrefix ?? "";
    const prefixProblem = prefix === "" ? undefined : namePrefixProblem(prefix);
    if (prefixProblem) {
        problems.add("namePrefix", prefix, prefixProblem);
    }
    const before = prefixProblem || typeof prefix !== "string" ? "" : prefix;
    const check = (at: string, name: unknown) => {
        const reason =
            repositoryNameProblem(name) ??
            (before
                ? repositoryNameProblem(`${before}${String(name)}`)?.replace("must", "with `namePrefix` must")
                : undefined);
        if (reason) {
            problems.add(at, name, reason);
        }
    };
    repositories.forEach((name, i) => check(`repositories[${i}]`, name));
    const cache = cacheRepositoryName(args);
    if (args.cacheRepository !== undefined && args.existingCacheRepository !== undefined) {
        problems.add(
            "cacheRepository",
            args.cacheRepository,
            "cannot be given together with `existingCacheRepository`",
        );
    } else if (args.cacheRepository !== undefined) {
        check("cacheRepository", args.cacheRepository);
    } else if (cache && cache.length > 6 && repositoryNameProblem(cache.slice(0, -6)) === undefined) {
        // An invalid first name was told already.
        const reason = repositoryNameProblem(`${before}${cache}`);
        if (reason) {
            problems.add("cacheRepository", cache, `the default ${reason}: give a shorter one`);
        }
    }
    const all: [string, string | undefined][] = [
        ...repositories.map((name, i): [string, string] => [`repositories[${i}]`, `${before}${name}`]),
        ...existing.map((one, i): [string, string] => [`existingRepositories[${i}].name`, one?.name]),
        ["cacheRepository", cache && `${before}${cache}`],
        ["existingCacheRepository.name", args.existingCacheRepository?.name],
    ];
    duplicates(
        all,
        ([, name]) => name,
        (i, first, name) => {
            const isCache = i >= repositories.length + existing.length;
            const remedy = isCache
                ? "the cache needs its own repository, with mutable tags and another lifecycle"
                : "name it once";
            problems.add(all[i]![0], name, `is the repository of \`${all[first]![0]}\` too: ${remedy}`);
        },
    );
}

/** Checks a repository that is said to exist. */
export function checkExisting(repository: ExistingRepository, at: string, problems: Problems): void {
    if (!isObject(repository) || isInput(repository)) {
        problems.add(at, undefined, 'must be an object, for example { name: "shop/api" }');
        return;
    }
    const { name, arn, url } = repository;
    const nameProblem = repositoryNameProblem(name);
    if (nameProblem) {
        problems.add(`${at}.name`, name, nameProblem);
    }
    if (arn !== undefined && url !== undefined) {
        problems.add(`${at}.url`, undefined, "cannot be given together with `arn`: choose one");
    }
    if (isPlain(arn)) {
        const found = typeof arn === "string" ? parseRepositoryArn(arn)?.name : undefined;
        const example = "arn:aws:ecr:eu-central-1:123456789012:repository/shop/api";
        named(`${at}.arn`, arn, found, `must be the ARN of an ECR repository, for example ${example}`, name, problems);
    }
    if (isPlain(url)) {
        const found = typeof url === "string" ? parseRepositoryArn(repositoryArn(url) ?? "")?.name : undefined;
        const example = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop/api";
        named(
            `${at}.url`,
            url,
            found,
            `must be the URL of an ECR repository without a tag, for example ${example}`,
            name,
            problems,
        );
    }
}

function named(
    at: string,
    value: unknown,
    found: string | undefined,
    expected: string,
    name: string,
    problems: Problems,
): void {
    if (found === undefined) {
        problems.add(at, value, expected);
    } else if (found !== name) {
        problems.add(at, value, `is that of ${JSON.stringify(found)}, and \`name\` is ${JSON.stringify(name)}`);
    }
}
