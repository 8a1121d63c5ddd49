import { isInput } from "../kinds";
import { type Problems, isPlain } from "../problems";
import type { BuildRegistryArgs } from "./arguments";
import { lifecyclePolicyProblems } from "./lifecycle";
import { movingTagProblems } from "./movingTags";
import { organizationProblem, principalProblem } from "./policy";
import { checkExisting, checkNames } from "./validateNames";

/** Checks everything that is known before the program creates anything. */
export function validateRegistry(args: BuildRegistryArgs, problems: Problems): void {
    const repositories = listOf("repositories", args.repositories, problems);
    const existing = listOf("existingRepositories", args.existingRepositories, problems);
    if (repositories.length + existing.length === 0) {
        problems.add("repositories", args.repositories, 'must name at least one repository, for example ["shop/api"]');
    }
    checkNames(args, repositories, existing, problems);
    existing.forEach((repository, i) => checkExisting(repository, `existingRepositories[${i}]`, problems));
    if (args.existingCacheRepository !== undefined) {
        checkExisting(args.existingCacheRepository, "existingCacheRepository", problems);
    }
    mutability(args, problems);
    lifecycle(args, problems);
    encryption(args, problems);
    sharing(args, problems);
}

function listOf<T>(property: string, value: T[] | undefined, problems: Problems): T[] {
    if (value === undefined || Array.isArray(value)) {
        return value ?? [];
    }
    problems.add(
        property,
        isInput(value) ? undefined : value,
        "must be a plain list: it decides which resources exist",
    );
    return [];
}

function mutability(args: BuildRegistryArgs, problems: Problems): void {
    movingTagProblems(args.movingTags ?? []).forEach(({ index, value, reason }) =>
        problems.add(index === undefined ? "movingTags" : `movingTags[${index}]`, value, reason),
    );
    if (args.mutableTags && (args.movingTags?.length ?? 0) > 0) {
        problems.add("movingTags", args.movingTags, "says nothing when `mutableTags` is true: take one out");
    }
}

function lifecycle(args: BuildRegistryArgs, problems: Problems): void {
    for (const property of ["untaggedDays", "cacheUntaggedDays", "cacheDays"] as const) {
        const value = args[property];
        if (value !== undefined && !(Number.isInteger(value) && value >= 1 && value <= 3650)) {
            problems.add(property, value, "must be a whole number of days from 1 to 3650");
        }
    }
    if (args.lifecyclePolicy === undefined) {
        return;
    }
    if (args.untaggedDays !== undefined) {
        problems.add("untaggedDays", args.untaggedDays, "cannot be given together with `lifecyclePolicy`: choose one");
    }
    if (typeof args.lifecyclePolicy !== "string") {
        problems.add("lifecyclePolicy", undefined, "must be JSON text, for example made with JSON.stringify");
        return;
    }
    lifecyclePolicyProblems(args.lifecyclePolicy).forEach((reason) =>
        problems.add("lifecyclePolicy", undefined, reason),
    );
}

function encryption(args: BuildRegistryArgs, problems: Problems): void {
    if (args.kmsKeyArn !== undefined && args.createKmsKey) {
        problems.add("createKmsKey", true, "cannot be given together with `kmsKeyArn`: choose one");
    }
    const key = args.kmsKeyArn;
    if (isPlain(key) && !/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/.test(key)) {
        const alias = String(key).includes("alias/") ? ", not of an alias" : "";
        const example = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        problems.add("kmsKeyArn", key, `must be the ARN of a KMS key${alias}, for example ${example}`);
    }
}

function sharing(args: BuildRegistryArgs, problems: Problems): void {
    for (const property of ["pullPrincipals", "pushPrincipals"] as const) {
        listOf<unknown>(property, args[property], problems).forEach((principal, i) => {
            const reason = isInput(principal) ? undefined : principalProblem(principal);
            if (reason) {
                problems.add(`${property}[${i}]`, principal, reason);
            }
        });
    }
    const organization = args.pullOrganizationId;
    const reason = isPlain(organization) ? organizationProblem(organization) : undefined;
    if (reason) {
        problems.add("pullOrganizationId", organization, reason);
    }
}
