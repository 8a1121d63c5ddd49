import { duplicates } from "../buildx/record";
import { isInput } from "../kinds";
import { isObject } from "../objects";
import { type Problems, isPlain } from "../problems";
import type { BuilderTlsArgs, BuilderTlsNode, ExistingTls } from "./arguments";
import { serverNameProblem } from "./names";
import { tlsSettings } from "./settings";

/** Checks everything that is known before the program creates anything. */
export function validateTls(args: BuilderTlsArgs, problems: Problems): void {
    nodes(args.nodes, problems);
    if (args.existing !== undefined) {
        existing(args, args.existing, problems);
        return;
    }
    clients(args.clients ?? [], problems);
    validities(args, problems);
    generations(args, problems);
}

const nameRule = "must start with a lower-case letter and hold only lower-case letters, digits, `.`, `_` and `-`";

function isName(value: unknown): boolean {
    return typeof value === "string" && /^[a-z][a-z0-9._-]{0,127}$/.test(value);
}

function nodes(list: BuilderTlsNode[], problems: Problems): void {
    if (!Array.isArray(list) || list.length === 0) {
        problems.add("nodes", list, "must name at least one node, for example [{ name, serverName }]");
        return;
    }
    list.forEach((node, i) => {
        if (!isName(node?.name)) {
            problems.add(`nodes[${i}].name`, node?.name, nameRule);
        }
        const { serverName } = node ?? {};
        const reason = isPlain(serverName) || !isInput(serverName) ? serverNameProblem(serverName) : undefined;
        if (reason) {
            problems.add(`nodes[${i}].serverName`, serverName, reason);
        }
    });
    unique("nodes", list, (node) => node?.name, ".name", problems);
    // Two nodes with one name could stand in for each other.
    unique("nodes", list, (node) => plainText(node?.serverName)?.toLowerCase(), ".serverName", problems);
}

function plainText(value: unknown): string | undefined {
    return typeof value === "string" ? value : undefined;
}

function clients(names: string[], problems: Problems): void {
    if (!Array.isArray(names)) {
        problems.add("clients", names, 'must be a list of names, for example ["github"]');
        return;
    }
    names.forEach((name, i) => {
        if (!isName(name)) {
            problems.add(`clients[${i}]`, name, nameRule);
        }
    });
    unique("clients", names, (name) => name, "", problems);
}

function unique<T>(
    property: string,
    list: readonly T[],
    keyOf: (item: T) => string | undefined,
    suffix: string,
    problems: Problems,
): void {
    duplicates(list, keyOf, (i, first, key) =>
        problems.add(`${property}[${i}]${suffix}`, key, `is that of \`${property}[${first}]\` too: each needs its own`),
    );
}

/** No date further than this is in use anywhere; X.509 itself ends with the year 9999. */
const maxDays = 36500;

function validities(args: BuilderTlsArgs, problems: Problems): void {
    const properties = ["caValidityDays", "certificateValidityDays", "renewalDays"] as const;
    const wrong = properties.filter((property) => {
        const value = args[property];
        return value !== undefined && !(Number.isInteger(value) && value >= 1 && value <= maxDays);
    });
    wrong.forEach((property) =>
        problems.add(property, args[property], `must be a whole number of days from 1 to ${maxDays}`),
    );
    if (wrong.length > 0) {
        return;
    }
    const { caValidityDays, certificateValidityDays, renewalDays } = tlsSettings(args);
    if (renewalDays >= certificateValidityDays) {
        const reason = `must be less than \`certificateValidityDays\` (${certificateValidityDays}), or every update makes new certificates`;
        problems.add("renewalDays", renewalDays, reason);
    }
    if (certificateValidityDays >= caValidityDays) {
        const reason = `must be less than \`caValidityDays\` (${caValidityDays}): a certificate is worth nothing without its CA`;
        problems.add("certificateValidityDays", certificateValidityDays, reason);
    }
}

function generations(args: BuilderTlsArgs, problems: Problems): void {
    const isGeneration = (value: unknown) => Number.isInteger(value) && (value as number) >= 1;
    if (args.caGeneration !== undefined && !isGeneration(args.caGeneration)) {
        problems.add("caGeneration", args.caGeneration, "must be a whole number from 1");
        return;
    }
    const trusted = args.trustedCaGenerations;
    if (trusted === undefined) {
        return;
    }
    if (!Array.isArray(trusted) || !trusted.every(isGeneration) || new Set(trusted).size !== trusted.length) {
        const reason = "must be a list of whole numbers from 1, each once, for example [1, 2]";
        problems.add("trustedCaGenerations", trusted, reason);
        return;
    }
    const signing = args.caGeneration ?? 1;
    if (!trusted.includes(signing)) {
        const reason = `must hold \`caGeneration\` (${signing}), or nobody trusts what it signs`;
        problems.add("trustedCaGenerations", trusted, reason);
    }
    if (trusted.length > 2) {
        problems.add("trustedCaGenerations", trusted, "must hold two at most: finish one rotation before the next");
    }
}

function existing(args: BuilderTlsArgs, given: ExistingTls, problems: Problems): void {
    if (!isObject(given) || isInput(given)) {
        const reason = "must be an object with serverCaParameterArn, clientCaParameterArn, client and nodes";
        problems.add("existing", undefined, reason);
        return;
    }
    const madeOnly = [
        "clients",
        "caValidityDays",
        "certificateValidityDays",
        "renewalDays",
        "caGeneration",
        "trustedCaGenerations",
    ] as const;
    for (const property of madeOnly.filter((name) => args[name] !== undefined)) {
        problems.add(property, args[property], "cannot be given with `existing`: nothing is made then");
    }
    const arns: [string, unknown][] = [
        ["existing.serverCaParameterArn", given.serverCaParameterArn],
        ["existing.clientCaParameterArn", given.clientCaParameterArn],
    ];
    const pair = (at: string, value: unknown) => {
        const { certParameterArn, keyParameterArn } = isObject(value) ? value : {};
        arns.push([`${at}.certParameterArn`, certParameterArn], [`${at}.keyParameterArn`, keyParameterArn]);
    };
    pair("existing.client", given.client);
    const names = (Array.isArray(args.nodes) ? args.nodes : []).map((node) => node?.name);
    names.forEach((name) => pair(`existing.nodes[${JSON.stringify(name)}]`, given.nodes?.[name]));
    for (const name of Object.keys(given.nodes ?? {}).filter((key) => !names.includes(key))) {
        problems.add(`existing.nodes[${JSON.stringify(name)}]`, undefined, `is no node: ${names.join(", ")}`);
    }
    for (const [at, value] of arns) {
        if (!isInput(value) && !(typeof value === "string" && parameterArn.test(value))) {
            const example = "arn:aws:ssm:eu-central-1:123456789012:parameter/buildkit/server-ca";
            problems.add(at, value, `must be the ARN of an SSM parameter, for example ${example}`);
        }
    }
    duplicates(
        arns,
        ([, value]) => plainText(value),
        (i, first, arn) => problems.add(arns[i]![0], arn, `is the parameter of \`${arns[first]![0]}\` too`),
    );
}

/** https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html */
const parameterArn = /^arn:[a-z-]+:ssm:[a-z0-9-]+:\d{12}:parameter\/[A-Za-z0-9._/-]+$/;
