import type * as pulumi from "@pulumi/pulumi";
import type { BuilderCredentials } from "../builder";
import { builderNameProblem } from "../buildx/entries";
import type { FarmCi } from "../ci/arguments";
import { validateFarmCi } from "../ci/validate";
import type { FarmEc2 } from "../ec2/arguments";
import type { FarmEks } from "../eks/arguments";
import { type BuilderEndpoint, validateEndpoints } from "../endpoints";
import type { RegistryCredentials } from "../image/arguments";
import { checkKinds, isInput } from "../kinds";
import { isObject } from "../objects";
import { plainCredentialsProblems } from "../plainCredentials";
import type { Problems } from "../problems";
import type { FarmTls } from "../tls/arguments";
import { farmKinds } from "./kinds";
import { ec2Module, eksModule } from "./lazily";
import { pullRequestClient } from "./made";
import { type RegistrySettings, validateFarmRegistry } from "./registry";

/** What of a farm's arguments is checked. */
export interface FarmSettings extends RegistrySettings {
    builderName?: string;
    ec2?: FarmEc2;
    eks?: FarmEks;
    endpoints?: BuilderEndpoint[];
    tls?: FarmTls;
    ci?: FarmCi;
    credentials?: pulumi.Input<BuilderCredentials>;
    registryCredentials?: RegistryCredentials;
}

const backends = ["ec2", "eks", "endpoints"] as const;

/**
 * Checks everything that is known before anything is created. Returns the arguments without what is null or of the wrong
 * kind, undefined when they are no object.
 */
export function validateFarm<T extends FarmSettings>(name: string, given: T, problems: Problems): T | undefined {
    const { args } = checkKinds(farmKinds, given, (...problem) => problems.add(...problem));
    if (args) {
        validateSettings(name, args, problems);
    }
    return args;
}

function validateSettings(name: string, args: FarmSettings, problems: Problems): void {
    const builderName = args.builderName ?? name;
    const nameProblem = builderNameProblem(builderName);
    if (nameProblem) {
        const path = args.builderName === undefined ? "name" : "builderName";
        const remedy = path === "name" ? "; or set `builderName`" : "";
        problems.add(path, builderName, `a builder's name ${nameProblem}${remedy}`);
    }
    validateBackend(builderName, args, problems);
    validateFarmRegistry(builderName, args, problems);
    validateCi(args, problems);
    const login = args.registryCredentials;
    const missing = login ? (["username", "password"] as const).filter((part) => !login[part]) : [];
    if (missing.length > 0) {
        problems.add("registryCredentials", undefined, `is given by half; missing: ${missing.join(", ")}`);
    }
}

/** Warnings are the component's own. */
function validateCi(args: FarmSettings, problems: Problems): void {
    if (args.ci === undefined) {
        return;
    }
    const within = problems.under("ci");
    const add: Problems["add"] = (path, ...problem) => within.add(path, ...problem);
    const ci = validateFarmCi(
        args.ci,
        (path, ...problem) => (path === "args" ? problems.add("ci", ...problem) : add(path, ...problem)),
        () => undefined,
    );
    args.ci = ci ?? {};
    const { pullRequests, tekton } = args.ci;
    if (pullRequests?.useBuilder) {
        const others = args.endpoints !== undefined ? "`endpoints` have" : args.tls?.existing && "`tls.existing` has";
        if (others) {
            const reason = `needs certificates of the farm's own, and ${others} others`;
            add("pullRequests.useBuilder", true, `${reason}: give pull requests a farm of their own, or none`);
        }
        if (args.tls?.clients?.includes(pullRequestClient)) {
            problems.add(
                "tls.clients",
                undefined,
                `\`${pullRequestClient}\` is the name of the pull requests' own: take another`,
            );
        }
    }
    if (tekton && tekton.clusterName === undefined && args.ec2 !== undefined) {
        add("tekton.clusterName", undefined, "is missing: the cluster that the tasks run on");
    }
}

function validateBackend(builderName: string, args: FarmSettings, problems: Problems): void {
    const given = backends.filter((backend) => args[backend] !== undefined && args[backend] !== null);
    if (given.length !== 1) {
        const one = "give one of `ec2`, `eks` and `endpoints`";
        const what = given.length === 0 ? `is missing: ${one}` : `exclude each other: ${one}`;
        problems.add(given.join(", ") || "endpoints", undefined, what);
        return;
    }
    const [backend] = given;
    if (backend !== "endpoints") {
        const settings = args[backend!];
        if (!isObject(settings) || isInput(settings)) {
            const least = backend === "ec2" ? "subnetId" : "clusterName";
            const got = isInput(settings) ? undefined : settings;
            problems.add(backend!, got, `must be a plain object with at least \`${least}\``);
        } else if (backend === "ec2") {
            ec2Module().validateFarmEc2(builderName, args.ec2!, args, problems);
        } else {
            eksModule().validateFarmEks(builderName, args.eks!, args, problems);
        }
        if (args.credentials !== undefined) {
            problems.add("credentials", undefined, "are made with the builders; take them out, or see `tls.existing`");
        }
        return;
    }
    validateEndpoints(builderName, args.endpoints ?? [], problems);
    plainCredentialsProblems(args.credentials).forEach((reason) => problems.add("credentials", undefined, reason));
    if (args.tls !== undefined) {
        problems.add("tls", undefined, "is for builders that the farm creates; give `credentials` for `endpoints`");
    }
}
