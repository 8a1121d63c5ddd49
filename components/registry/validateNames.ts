import { duplicates } from "../buildx/record";
import type { Note } from "../kinds";
import { isPlain } from "../problems";
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
    note: Note,
): void {
    const prefix = args.namePrefix ?? "";
    const prefixProblem = prefix === "" ? undefined : namePrefixProblem(prefix);
    if (prefixProblem) {
        note("namePrefix", prefix, prefixProblem);
    }
    const before = prefixProblem ? "" : prefix;
    const check = (at: string, name: string) => {
        const whole = before ? repositoryNameProblem(`${before}${name}`) : undefined;
        const reason = repositoryNameProblem(name) ?? whole?.replace("must", "with `namePrefix` must");
        if (reason) {
            note(at, name, reason);
        }
    };
    repositories.forEach((name, i) => check(`repositories[${i}]`, name));
    const cache = cacheRepositoryName(args);
    if (args.cacheRepository !== undefined && args.existingCacheRepository !== undefined) {
        note("cacheRepository", args.cacheRepository, "cannot be given together with `existingCacheRepository`");
    } else if (args.cacheRepository !== undefined) {
        check("cacheRepository", args.cacheRepository);
    } else if (cache && cache.length > 6 && repositoryNameProblem(cache.slice(0, -6)) === undefined) {
        // An invalid first name was told already.
        const reason = repositoryNameProblem(`${before}${cache}`);
        if (reason) {
            note("cacheRepository", cache, `the default ${reason}: give a shorter one`);
        }
    }
    const all: [string, string | undefined][] = [
        ...repositories.map((name, i): [string, string] => [`repositories[${i}]`, `${before}${name}`]),
        ...existing.map((one, i): [string, string] => [`existingRepositories[${i}].name`, one.name]),
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
            note(all[i]![0], name, `is the repository of \`${all[first]![0]}\` too: ${remedy}`);
        },
    );
}

/** Checks a repository that is said to exist. */
export function checkExisting(repository: ExistingRepository, at: string, note: Note): void {
    const { name, arn, url } = repository;
    const nameProblem = repositoryNameProblem(name);
    if (nameProblem) {
        note(`${at}.name`, name, nameProblem);
    }
    if (arn !== undefined && url !== undefined) {
        note(`${at}.url`, undefined, "cannot be given together with `arn`: choose one");
    }
    if (isPlain(arn)) {
        const found = parseRepositoryArn(arn)?.name;
        const example = "arn:aws:ecr:eu-central-1:123456789012:repository/shop/api";
        named(`${at}.arn`, arn, found, `must be the ARN of an ECR repository, for example ${example}`, name, note);
    }
    if (isPlain(url)) {
        const found = parseRepositoryArn(repositoryArn(url) ?? "")?.name;
        const example = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop/api";
        named(
            `${at}.url`,
            url,
            found,
            `must be the URL of an ECR repository without a tag, for example ${example}`,
            name,
            note,
        );
    }
}

function named(
    at: string,
    value: unknown,
    found: string | undefined,
    expected: string,
    name: string,
    note: Note,
): void {
    if (found === undefined) {
        note(at, value, expected);
    } else if (found !== name && typeof name === "string") {
        note(at, value, `is that of ${JSON.stringify(found)}, and \`name\` is ${JSON.stringify(name)}`);
    }
}
