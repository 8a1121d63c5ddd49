import { checkNames } from "../farm/names";
import { type Note, checkKinds, isInput } from "../kinds";
import { isPlain } from "../problems";
import type { CiAccessArgs, CiPullRequests, CiServiceAccount, CiTekton, FarmCi } from "./arguments";
import { accessKinds, farmCiKinds } from "./kinds";
import { validateCircleCi, validateGitHub, validateGitLab, validateHarness } from "./validateSystems";

/** Tells of what is probably not meant. */
export type Warn = (path: string, text: string) => void;

/** What a system's checks have besides its arguments. */
export interface Check {
    note: Note;
    warn: Warn;
    organizationWide: boolean;
}

/** Checks what a farm is given for CI systems; paths begin with the system. Returns what is of the right kind. */
export function validateFarmCi(given: FarmCi, note: Note, warn: Warn): FarmCi | undefined {
    const checked = checkKinds(farmCiKinds, given, note);
    if (checked.args) {
        validateSystems(checked.args, { note: checked.note, warn });
    }
    return checked.args;
}

/** Checks the component's arguments. Returns what is of the right kind, undefined when they are no object. */
export function validateAccess(given: CiAccessArgs, note: Note, warn: Warn): CiAccessArgs | undefined {
    const checked = checkKinds(accessKinds, given, note);
    const { args } = checked;
    if (args) {
        validateSystems(args, { note: checked.note, warn });
        checkNames(args, checked.note);
        for (const property of ["builder", "kmsKeyArn"] as const) {
            if (args[property] === undefined) {
                checked.note(property, undefined, "is missing: the builder's own");
            }
        }
        if (args.pullRequests?.useBuilder && args.pullRequestCredentials === undefined) {
            checked.note("pullRequestCredentials", undefined, "is missing, and `pullRequests.useBuilder` needs it");
        }
        if (args.tekton && args.tekton.clusterName === undefined) {
            checked.note("tekton.clusterName", undefined, "is missing: the cluster that the tasks run on");
        }
    }
    return args;
}

function validateSystems(args: FarmCi, { note, warn }: Pick<Check, "note" | "warn">): void {
    const check: Check = { note, warn, organizationWide: args.allowOrganizationWide === true };
    if (args.github) {
        validateGitHub(args.github, check);
    }
    if (args.gitlab) {
        validateGitLab(args.gitlab, check);
    }
    if (args.circleci) {
        validateCircleCi(args.circleci, check);
    }
    if (args.harness) {
        validateHarness(args.harness, check);
    }
    if (args.tekton) {
        validateTekton(args.tekton, note);
    }
    validatePullRequests(args.pullRequests, note);
}

function validatePullRequests({ enabled, useBuilder }: CiPullRequests = {}, note: Note): void {
    if (enabled === false && useBuilder) {
        note("pullRequests.useBuilder", true, "needs a role for pull requests: take `enabled: false` out");
    }
}

function validateTekton(tekton: CiTekton, note: Note): void {
    const { serviceAccounts, pullRequestServiceAccounts = [], clusterName } = tekton;
    if (isPlain(clusterName) && !/^[0-9A-Za-z][\w-]{0,99}$/.test(clusterName)) {
        note("tekton.clusterName", clusterName, "must be the name of an EKS cluster");
    }
    if (!serviceAccounts?.length) {
        note("tekton.serviceAccounts", serviceAccounts, "must name one at least, { namespace, name }");
    }
    const check = (accounts: CiServiceAccount[], property: string) =>
        accounts.forEach(({ namespace, name }, i) => {
            for (const [part, value] of Object.entries({ namespace, name })) {
                if (typeof value !== "string" || !/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(value)) {
                    const reason = "must be one name: lower-case letters, digits and `-`; no pattern";
                    note(`tekton.${property}[${i}].${part}`, value, reason);
                }
            }
        });
    check(serviceAccounts ?? [], "serviceAccounts");
    check(pullRequestServiceAccounts, "pullRequestServiceAccounts");
    const key = ({ namespace, name }: CiServiceAccount) => `${namespace}/${name}`;
    const pushing = new Set((serviceAccounts ?? []).map(key));
    pullRequestServiceAccounts.forEach((account, i) => {
        if (pushing.has(key(account))) {
            const reason =
                "is in `serviceAccounts` too, so pull requests would push: give them an account of their own";
            note(`tekton.pullRequestServiceAccounts[${i}]`, account, reason);
        }
    });
    for (const property of ["providerArn", "createProvider"] as const) {
        if (tekton[property] !== undefined && !tekton.irsa) {
            const got = isInput(tekton[property]) ? undefined : tekton[property];
            note(`tekton.${property}`, got, "is for `irsa`; EKS Pod Identity needs no provider");
        }
    }
}
