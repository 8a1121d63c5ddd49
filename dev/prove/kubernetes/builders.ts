import type { BuilderNode } from "../../../components/builder";
import { renderManifests } from "../../../components/eks/manifests";
import { type Pki, issueServer } from "../../local/pki";
import type { Build, Client } from "./client";
import type { Cluster } from "./cluster";
import { type Variant, builderName, namespaceFor, own, recordOf, serverNames, settingsOf, tlsOf } from "./settings";

/** What is read of a pod. */
export interface Pod {
    metadata: { name: string; uid: string; deletionTimestamp?: string };
    status: { phase: string };
}

const namespace = namespaceFor({});
/** Name of the StatefulSet that this machine can run, and of its first pod. */
export const set = `${builderName}-${own}`;
export const firstPod = `${set}-0`;
/** kubectl's arguments for whatever is of the builders. */
export const here = `--namespace=${namespace}`;

/** The builders that the checks work with, on a cluster, with those who use them. */
export class Builders {
    /** What builds made, by their ids. */
    private readonly made = new Map<string, string>();

    constructor(
        readonly cluster: Cluster,
        readonly pki: Pki,
        readonly client: Client,
        /** A client whose user may do nothing in the cluster but what the component's Role allows. */
        readonly guest: Client,
    ) {}

    /** Applies the objects exactly as they are rendered; resolves once the pods run as they say. */
    async apply(variant: Variant = {}): Promise<void> {
        await this.cluster.apply(renderManifests(settingsOf(variant, tlsOf(this.pki))));
        await this.ready();
    }

    async ready(): Promise<void> {
        await this.cluster.rollOut(namespace, set);
    }

    node(replica = 0, replicas = 1): BuilderNode {
        return recordOf({ replicas }).nodes[replica]!;
    }

    pod(name = firstPod): Promise<Pod> {
        return this.cluster.get<Pod>("pod", name, here);
    }

    /** Builds something new, or what was built before, which must then come from the cache. */
    async build(build: Build, image = "kept", variant: Variant = {}): Promise<string> {
        const made = await this.client.build(recordOf(variant), image, build);
        const before = this.made.get(build.id);
        this.made.set(build.id, made);
        if (before !== undefined && before !== made) {
            throw new Error(`the step of build ${build.id} ran again: it made ${made}, and ${before} before`);
        }
        return made;
    }

    /** Makes another certificate of the same CA the daemons' own. */
    async renewCertificate(): Promise<void> {
        const day = 86_400_000;
        const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + day) };
        this.pki.servers.set(serverNames.name, await issueServer(this.pki.serverCa, serverNames, validity));
    }
}

/** Fails unless two values are the same. */
export function expectEqual(what: string, got: string | undefined, wanted: string): void {
    if (got !== wanted) {
        throw new Error(`${what} is ${got}, not ${wanted}`);
    }
}
