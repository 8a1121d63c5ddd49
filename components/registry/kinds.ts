import { type Kind, list, map, object, objects, plainFlag, plainText, plainTexts, text, whole } from "../kinds";
import type { BuildRegistryArgs } from "./arguments";

const repository = { name: plainText, arn: text, url: text };
const days = whole(1, 3650, { unit: "days" });
const principals = list(text, '["123456789012"]');

/** What kind of value each argument is. */
const kinds: Record<keyof BuildRegistryArgs, Kind> = {
    repositories: plainTexts('["shop/api"]'),
    existingRepositories: objects(repository, '[{ name: "shop/api" }]'),
    cacheRepository: plainText,
    existingCacheRepository: object(repository),
    movingTags: plainTexts('["latest", "main"]'),
    mutableTags: plainFlag,
    kmsKeyArn: text,
    createKmsKey: plainFlag,
    untaggedDays: days,
    lifecyclePolicy: jsonText,
    cacheUntaggedDays: days,
    cacheDays: days,
    pullPrincipals: principals,
    pushPrincipals: principals,
    pullOrganizationId: text,
    forceDelete: plainFlag,
    namePrefix: plainText,
    tags: map(text),
};

function jsonText(...[value, path, note]: Parameters<Kind>): unknown {
    return plainText(value, path, (at, got, reason) =>
        note(
            at,
            undefined,
            typeof got === "object" ? "must be JSON text, for example made with JSON.stringify" : reason,
        ),
    );
}

export const registryKinds = object(kinds);
