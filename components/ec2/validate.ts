import { builderNameProblem } from "../buildx/entries";
import { type Note, checkKinds } from "../kinds";
import { checkProxy, checkRegistries } from "../node/validate";
import { checkVolume } from "../farm/volume";
import { isPlain } from "../problems";
import type { Ec2BuildersArgs } from "./arguments";
import { idProblem } from "./ids";
import { ec2Kinds } from "./kinds";
import { defaults, ec2TlsNodes, nodeSettings } from "./settings";
import { userDataProblem } from "./userData";
import { validateMonitoring } from "./validateMonitoring";
import { validateNames, validateRelease } from "./validateNames";
import { validateNetwork } from "./validateNetwork";
import { validateNodes } from "./validateNodes";

/** Notes what may be meant and is probably not. */
export type Warn = (path: string, text: string) => void;

/**
 * Checks everything that is known before anything is created. Returns the arguments without what is null or of the wrong
 * kind, undefined when they are no object.
 */
export function validateEc2(name: string, given: Ec2BuildersArgs, note: Note, warn: Warn): Ec2BuildersArgs | undefined {
    const { args, note: noteMore } = checkKinds(ec2Kinds, given, note);
    if (args) {
        validateSettings(name, args, noteMore, warn);
        validateTls(name, args, noteMore);
    }
    return args;
}

/** Checks everything but the certificates, which a farm makes for itself. */
export function validateEc2Settings(name: string, given: Omit<Ec2BuildersArgs, "tls">, note: Note, warn: Warn): void {
    const { args, note: noteMore } = checkKinds(ec2Kinds, given, note);
    if (args) {
        validateSettings(name, args as Ec2BuildersArgs, noteMore, warn);
    }
}

function validateSettings(name: string, args: Ec2BuildersArgs, note: Note, warn: Warn): void {
    let problems = 0;
    const counted: Note = (...problem) => {
        problems += 1;
        note(...problem);
    };
    const builderName = args.builderName ?? name;
    const nameProblem = builderNameProblem(builderName);
    if (nameProblem) {
        const path = args.builderName === undefined ? "name" : "builderName";
        counted(path, builderName, `a builder's name ${nameProblem}`);
    }
    validateNodes(args, counted, warn);
    validateCache(args, counted, warn);
    validateNetwork(args, counted, warn);
    checkRegistries(args, counted);
    checkProxy(args.proxy, counted);
    validateRelease(args, counted);
    validateNames(args, counted);
    validateMonitoring(args, counted);
    // The rest is about what all of it makes together.
    for (const node of problems === 0 ? nodeSettings(builderName, args) : []) {
        const problem = userDataProblem(args, builderName, node);
        if (problem) {
            note("registries", undefined, problem);
        }
    }
}

function validateCache({ cache, stopTimeoutSeconds, idleStopMinutes }: Ec2BuildersArgs, note: Note, warn: Warn): void {
    checkVolume(cache ?? {}, note);
    idProblem("cache.snapshotId", cache?.snapshotId, "snap", note);
    if ((idleStopMinutes ?? defaults.idleStopMinutes) > 0 && (stopTimeoutSeconds ?? 0) > 1800) {
        warn(
            "stopTimeoutSeconds",
            "EC2 may switch a stopping instance off before that: it waits for the system some minutes only",
        );
    }
}

/** Certificates are Outputs as a rule: what is in them is checked when it is known. */
function validateTls(name: string, args: Ec2BuildersArgs, note: Note): void {
    const { tls } = args;
    const parts = ["clientCa", "nodeCertificates", "credentials"] as const;
    const missing = parts.filter((part) => !tls?.[part]);
    if (missing.length > 0) {
        note("tls", undefined, `is missing ${missing.join(", ")}: take them from a BuilderTls for \`ec2TlsNodes(…)\``);
    }
    const certificates = tls?.nodeCertificates;
    const builderName = args.builderName ?? name;
    if (isPlain(certificates) && !builderNameProblem(builderName)) {
        const without = ec2TlsNodes(builderName, args).filter((node) => !(node.name in certificates));
        without.forEach((node) =>
            note(
                `tls.nodeCertificates["${node.name}"]`,
                undefined,
                "is missing: each node needs a certificate of its own",
            ),
        );
    }
}
