import type { Checks } from "../checks";
import { type Builders } from "./builders";
import { becomesReady, everyObject, staysPending } from "./checks/api";
import { drains, keepsCache, scalesToZero, secondReplica } from "./checks/caches";
import { hidesMetadata, overKubePod, overTls, refusesStrangers, servesNewCertificate } from "./checks/clients";
import { reportsSpread } from "./checks/spread";
import { userNamespaces } from "./checks/userNamespaces";
import { foreign, own } from "./settings";

/** All checks of builders, in an order in which each finds what it needs. */
const all: readonly [name: string, make: (builders: Builders) => Promise<string>][] = [
    ["the API server takes every object that can be rendered", everyObject],
    [`the ${own} StatefulSet is Ready`, becomesReady],
    [`the ${foreign} StatefulSet stays Pending, and an event says why`, staysPending],
    ["a build over mutual TLS, by the project's registration and buildx", overTls],
    ["a client without a certificate, or with another CA's, is refused", refusesStrangers],
    ["a build over kube-pod:// with the rights of the component's Role and no more", overKubePod],
    ["the metadata address is out of reach", hidesMetadata],
    ["a build ends well whose pod is deleted in the middle", drains],
    ["the cache outlives the pod", keepsCache],
    ["a changed certificate rolls the pod and is served", servesNewCertificate],
    ["a second replica has a cache of its own, and an image stays on its replica", secondReplica],
    ["caches outlive a scaling to zero and back", scalesToZero],
    ["builder-spread sees which architectures an image runs on", reportsSpread],
    ["user namespaces", userNamespaces],
];

export async function prove(checks: Checks, builders: Builders): Promise<void> {
    for (const [name, make] of all) {
        await checks.must(name, () => make(builders));
    }
}
