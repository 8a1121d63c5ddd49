import { duplicates } from "../buildx/record";
import { type Note, checkKinds, isInput } from "../kinds";
import type { Problems } from "../problems";
import type { BuilderTlsArgs, BuilderTlsNode, ExistingTls } from "./arguments";
import { tlsKinds } from "./kinds";
import { serverNameProblem } from "./names";
import { tlsSettings } from "./settings";

/**
 * Checks everything that is known before the program creates anything. Returns the arguments without what is null or of the
 * wrong kind, undefined when they are no object.
 */
export function validateTls(given: BuilderTlsArgs, problems: Problems): BuilderTlsArgs | undefined {
    const { args, note } = checkKinds(tlsKinds, given, (...problem) => problems.add(...problem));
    if (args) {
        nodes(args.nodes ?? [], note);
        if (args.existing === undefined) {
            clients(args.clients ?? [], note);
            validities(args, note);
            generations(args, note);
        } else {
            existing(args, args.existing, note);
        }
    }
    return args;
}

/** What of checked arguments may be meant and is probably not. */
export function tlsWarnings(args: BuilderTlsArgs): string[] {
    const { certificateValidityDays: days } = tlsSettings(args);
    return args.existing === undefined && days > 366
        ? [
              `\`certificateValidityDays\`: client certificates are valid for ${days} days, more than a year, and cannot be revoked; ` +
                  "make them short, and update on a schedule",
          ]
        : [];
}

const nameRule = "must start with a lower-case letter and hold only lower-case letters, digits, `.`, `_` and `-`";

function isName(value: unknown): boolean {
    return typeof value === "string" && /^[a-z][a-z0-9._-]{0,127}$/.test(value);
}

function nodes(list: BuilderTlsNode[], note: Note): void {
    if (list.length === 0) {
        note("nodes", list, "must name at least one node, for example [{ name, serverName }]");
    }
    list.forEach(({ name, serverName }, i) => {
        if (!isName(name)) {
            note(`nodes[${i}].name`, name, nameRule);
        }
        const reason = isInput(serverName) ? undefined : serverNameProblem(serverName);
        if (reason) {
            note(`nodes[${i}].serverName`, serverName, reason);
        }
    });
    unique("nodes", list, (node) => node.name, ".name", note);
    // Two nodes with one name could stand in for each other.
    unique("nodes", list, (node) => plainText(node.serverName)?.toLowerCase(), ".serverName", note);
}

function plainText(value: unknown): string | undefined {
    return typeof value === "string" ? value : undefined;
}

function clients(names: string[], note: Note): void {
    names.forEach((name, i) => {
        if (!isName(name)) {
            note(`clients[${i}]`, name, nameRule);
        }
    });
    unique("clients", names, (name) => name, "", note);
}

function unique<T>(
    property: string,
    list: readonly T[],
    keyOf: (item: T) => string | undefined,
    suffix: string,
    note: Note,
): void {
    duplicates(list, keyOf, (i, first, key) =>
        note(`${property}[${i}]${suffix}`, key, `is that of \`${property}[${first}]\` too: each needs its own`),
    );
}

function validities(args: BuilderTlsArgs, note: Note): void {
    const { caValidityDays, certificateValidityDays, renewalDays } = tlsSettings(args);
    if (renewalDays >= certificateValidityDays) {
        const reason = `must be less than \`certificateValidityDays\` (${certificateValidityDays}), or every update makes new certificates`;
        note("renewalDays", renewalDays, reason);
    }
    if (certificateValidityDays >= caValidityDays) {
        const reason = `must be less than \`caValidityDays\` (${caValidityDays}): a certificate is worth nothing without its CA`;
        note("certificateValidityDays", certificateValidityDays, reason);
    }
}

function generations({ caGeneration: signing = 1, trustedCaGenerations: trusted }: BuilderTlsArgs, note: Note): void {
    if (trusted === undefined) {
        return;
    }
    if (new Set(trusted).size !== trusted.length) {
        note("trustedCaGenerations", trusted, "must hold each number once, for example [1, 2]");
    }
    if (!trusted.includes(signing)) {
        const reason = `must hold \`caGeneration\` (${signing}), or nobody trusts what it signs`;
        note("trustedCaGenerations", trusted, reason);
    }
    if (trusted.length > 2) {
        note("trustedCaGenerations", trusted, "must hold two at most: finish one rotation before the next");
    }
}

function existing(args: BuilderTlsArgs, given: ExistingTls, note: Note): void {
    const madeOnly = [
        "clients",
        "caValidityDays",
        "certificateValidityDays",
        "renewalDays",
        "caGeneration",
        "trustedCaGenerations",
    ] as const;
    for (const property of madeOnly.filter((name) => args[name] !== undefined)) {
        note(property, args[property], "cannot be given with `existing`: nothing is made then");
    }
    const arns: [string, unknown][] = [
        ["existing.serverCaParameterArn", given.serverCaParameterArn],
        ["existing.clientCaParameterArn", given.clientCaParameterArn],
    ];
    const pair = (at: string, value?: Partial<ExistingTls["client"]>) =>
        arns.push(
            [`${at}.certParameterArn`, value?.certParameterArn],
            [`${at}.keyParameterArn`, value?.keyParameterArn],
        );
    pair("existing.client", given.client);
    const names = (args.nodes ?? []).map((node) => node.name).filter(isName);
    names.forEach((name) => pair(`existing.nodes[${JSON.stringify(name)}]`, given.nodes?.[name]));
    for (const name of Object.keys(given.nodes ?? {}).filter((key) => !names.includes(key))) {
        note(`existing.nodes[${JSON.stringify(name)}]`, undefined, `is no node: ${names.join(", ")}`);
    }
    for (const [at, value] of arns) {
        if (!isInput(value) && !(typeof value === "string" && parameterArn.test(value))) {
            const example = "arn:aws:ssm:eu-central-1:123456789012:parameter/buildkit/server-ca";
            note(at, value, `must be the ARN of an SSM parameter, for example ${example}`);
        }
    }
    duplicates(
        arns,
        ([, value]) => plainText(value),
        (i, first, arn) =>
            note(arns[i]![0], arn, `is the parameter of \`${arns[first]![0]}\` too: each holds something of its own`),
    );
}

/** https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html */
const parameterArn = /^arn:[a-z-]+:ssm:[a-z0-9-]+:\d{12}:parameter\/[A-Za-z0-9._/-]+$/;
