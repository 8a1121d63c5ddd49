import { type Kind, list, object, objects, plainMap, plainText, plainTexts, text, whole } from "../kinds";
import type { FarmTls } from "./arguments";

/** No date further than this is in use anywhere; X.509 itself ends with the year 9999. */
const days = whole(1, 36500, { unit: "days" });
const generation = whole(1, 9999);
const pair = object({ certParameterArn: text, keyParameterArn: text });

/** What kind of value each setting is. */
const settings: Record<keyof FarmTls, Kind> = {
    clients: plainTexts('["github"]'),
    caValidityDays: days,
    certificateValidityDays: days,
    renewalDays: days,
    caGeneration: generation,
    trustedCaGenerations: list(generation, "[1, 2]"),
    existing: object({
        serverCaParameterArn: text,
        clientCaParameterArn: text,
        client: pair,
        nodes: plainMap(pair),
    }),
};

export const farmTlsKinds = object(settings);

export const tlsKinds = object({
    nodes: objects({ name: plainText, serverName: text }, "[{ name, serverName }]"),
    ...settings,
});
