import { keyArnProblem } from "../arns";
import { builderNameProblem } from "../buildx/entries";
import { duplicates } from "../buildx/record";
import { idProblem } from "../ec2/ids";
import type { Warn } from "../ec2/validate";
import { checkNames, checkText } from "../farm/names";
import { checkVolume } from "../farm/volume";
import { type Note, checkKinds } from "../kinds";
import { checkRegistries } from "../node/validate";
import { isPlain } from "../problems";
import type { EksBuildersArgs } from "./arguments";
import { eksKinds } from "./kinds";
import { nameProblem } from "./labels";
import { recordNodes } from "./record";
import { eksTlsNodes, hasGroups, manifestSettings, namespaceOf } from "./settings";
import { validateAccess } from "./validateAccess";
import { validateNodes } from "./validateNodes";

/**
 * Checks everything that is known before anything is created. Returns the arguments without what is null or of the wrong
 * kind, undefined when they are no object.
 */
export function validateEks(name: string, given: EksBuildersArgs, note: Note, warn: Warn): EksBuildersArgs | undefined {
    const { args, note: noteMore } = checkKinds(eksKinds, given, note);
    if (args) {
        validateSettings(name, args, noteMore, warn);
        validateTls(args.builderName ?? name, args, noteMore);
    }
    return args;
}

/** Checks everything but the certificates, which a farm makes for itself. */
export function validateEksSettings(name: string, given: Omit<EksBuildersArgs, "tls">, note: Note, warn: Warn): void {
    const { args, note: noteMore } = checkKinds(eksKinds, given, note);
    if (args) {
        validateSettings(name, args as EksBuildersArgs, noteMore, warn);
    }
}

function validateSettings(name: string, args: EksBuildersArgs, note: Note, warn: Warn): void {
    let problems = 0;
    const counted: Note = (...problem) => {
        problems += 1;
        note(...problem);
    };
    validateBuilderName(name, args, counted);
    validateCluster(args, counted);
    validateNamespace(args, counted);
    validateNodes(args, counted, warn);
    validateCache(args, counted);
    validateAccess(args, counted, warn);
    checkRegistries(args, counted);
    checkNames(args, counted);
    checkText("image", args.image, imageProblem, counted);
    if (hasGroups(args) && (args.stopTimeoutSeconds ?? 0) > 900) {
        warn(
            "stopTimeoutSeconds",
            "EKS waits 15 minutes for a pod when it replaces a machine, and then the upgrade fails",
        );
    }
    // The rest is about what all of it makes together.
    if (problems === 0) {
        validateRecord(args.builderName ?? name, args, note);
    }
}

function validateBuilderName(name: string, { builderName }: EksBuildersArgs, note: Note): void {
    const [path, given] = builderName === undefined ? ["name", name] : ["builderName", builderName];
    const reason = eksNameProblem(given);
    if (reason) {
        note(path, given, `a builder's name ${reason}`);
    }
}

/** Why a text is no name of a builder on EKS; undefined when it is one. StatefulSets give pods a label ten characters longer. */
export function eksNameProblem(name: string): string | undefined {
    const fits = /^[a-z]([a-z0-9-]{0,44}[a-z0-9])?$/.test(name);
    const rule = "must hold only lower-case letters, digits and inner `-`, 46 at most: it names objects in Kubernetes";
    return builderNameProblem(name) ?? (fits ? undefined : rule);
}

/** https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html */
function validateCluster(args: EksBuildersArgs, note: Note): void {
    const { clusterName, subnetIds = [] } = args;
    if (clusterName === undefined) {
        note("clusterName", undefined, "is missing: the name of an EKS cluster that exists");
    } else if (isPlain(clusterName) && !/^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$/.test(clusterName)) {
        note(
            "clusterName",
            clusterName,
            "must be the name of a cluster, not its ARN: letters, digits, `-` and `_`, 100 at most",
        );
    }
    subnetIds.forEach((id, i) => idProblem(`subnetIds[${i}]`, id, "subnet", note));
    duplicates(
        subnetIds,
        (id) => (isPlain(id) ? id : undefined),
        (i, first, id) => note(`subnetIds[${i}]`, id, `is \`subnetIds[${first}]\` already`),
    );
    if (hasGroups(args) && subnetIds.length === 0) {
        note("subnetIds", args.subnetIds, "must name at least one private subnet for the node groups, one per zone");
    }
    for (const property of ["subnetIds", "vpcCniOnNodeRole"] as const) {
        if (!hasGroups(args) && args[property] !== undefined) {
            note(property, undefined, "has no use with `provisioning` `cluster`: no machines are made; take it out");
        }
    }
    checkText("volumesKmsKeyArn", args.volumesKmsKeyArn, keyArnProblem, note);
}

function validateNamespace({ namespace, createNamespace }: EksBuildersArgs, note: Note): void {
    const reason = namespace === undefined ? undefined : nameProblem(namespace);
    if (reason) {
        note("namespace", namespace, reason);
    } else if (namespace?.startsWith("kube-") || (namespace === "default" && createNamespace !== false)) {
        note(
            "namespace",
            namespace,
            "is one of the cluster's own: builders need one for themselves, such as buildkit-ci",
        );
    }
}

function validateCache({ cache, volumesKmsKeyArn }: EksBuildersArgs, note: Note): void {
    checkVolume(cache ?? {}, note);
    const given = cache?.storageClassName;
    if (given === undefined) {
        return;
    }
    if (given.length > 253 || given.split(".").some((label) => nameProblem(label))) {
        note(
            "cache.storageClassName",
            given,
            "must be the name of a StorageClass: lower-case letters, digits, `-` and `.`",
        );
    }
    const decided = { iops: cache?.iops, throughputMiBps: cache?.throughputMiBps, provisioner: cache?.provisioner };
    Object.entries(decided)
        .filter(([, value]) => value !== undefined)
        .forEach(([property, value]) =>
            note(`cache.${property}`, value, "is decided by the given `cache.storageClassName`: leave one of both out"),
        );
    if (volumesKmsKeyArn !== undefined) {
        note("volumesKmsKeyArn", undefined, "is decided by the given `cache.storageClassName`: leave one of both out");
    }
}

/** Why a text is no image of BuildKit; undefined when it is one. */
export function imageProblem(image: string): string | undefined {
    return /^[a-z0-9][a-z0-9._:/-]*(:[\w.-]+)?@sha256:[0-9a-f]{64}$/i.test(image)
        ? undefined
        : "must be an image by its digest, such as registry.acme.io/moby/buildkit@sha256:…: a tag may change under running builds";
}

/** Certificates are Outputs as a rule: what is in them is checked when it is known. */
function validateTls(builderName: string, args: EksBuildersArgs, note: Note): void {
    const { tls } = args;
    const parts = ["clientCa", "nodeCertificates", "credentials"] as const;
    const missing = parts.filter((part) => !tls?.[part]);
    if (missing.length > 0) {
        note("tls", undefined, `is missing ${missing.join(", ")}: take them from a BuilderTls for \`eksTlsNodes(…)\``);
    }
    const certificates = tls?.nodeCertificates;
    if (isPlain(certificates) && !eksNameProblem(builderName)) {
        const without = eksTlsNodes(builderName, args).filter((node) => !(node.name in certificates));
        without.forEach((node) => note(`tls.nodeCertificates["${node.name}"]`, undefined, "is missing"));
    }
}

/** The record must fit into a parameter; the names of load balancers, parameters and repositories are guessed. */
function validateRecord(builderName: string, args: EksBuildersArgs, note: Note): void {
    const tls = { ca: "", cert: "", key: "", checksum: "" };
    const settings = manifestSettings(builderName, args, { image: "", tls: () => tls });
    const nodes = recordNodes({ ...settings, namespace: namespaceOf(builderName, args) }, (pod) => pod.padEnd(90, "x"));
    const size = Buffer.byteLength(JSON.stringify({ name: builderName, nodes })) + 700;
    if (size > 4096) {
        note(
            "nodes",
            undefined,
            `make a record of about ${size} bytes, and a parameter takes 4096: take fewer replicas or shorter names`,
        );
    }
}
