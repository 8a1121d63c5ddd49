import { Namespace } from "@pulumi/kubernetes/core/v1";
import { StorageClass } from "@pulumi/kubernetes/storage/v1";
import * as pulumi from "@pulumi/pulumi";
import type { Scope } from "../farm/scope";
import { propertyError } from "../problems";
import type { EksBuildersArgs } from "./arguments";
import { namespaceOf } from "./settings";

/** Looks at a namespace and a StorageClass that exist: fails when builders cannot work there. */
export function checkedPlaces(scope: Scope<EksBuildersArgs>): pulumi.Output<unknown> {
    return pulumi.all([checkedNamespace(scope), checkedClass(scope)]);
}

function checkedNamespace({
    args,
    builderName,
    name,
    parent,
}: Scope<EksBuildersArgs>): pulumi.Output<unknown> | undefined {
    if (args.createNamespace !== false) {
        return undefined;
    }
    const found = Namespace.get(`${name}-existing-namespace`, namespaceOf(builderName, args), { parent });
    return found.metadata.apply((metadata) => {
        const level = metadata?.labels?.["pod-security.kubernetes.io/enforce"] ?? "privileged";
        if (level !== "privileged") {
            const reason =
                `${metadata.name} takes no privileged pods (pod-security.kubernetes.io/enforce=${level}), and builders need ` +
                "them: label it `privileged`, or take another";
            throw propertyError("namespace", `\`namespace\`: ${reason}`);
        }
    });
}

function checkedClass({ args, name, parent }: Scope<EksBuildersArgs>): pulumi.Output<unknown> | undefined {
    const className = args.cache?.storageClassName;
    if (className === undefined) {
        return undefined;
    }
    const found = StorageClass.get(`${name}-existing-storage-class`, className, { parent });
    return found.volumeBindingMode.apply((mode) => {
        if (mode !== undefined && mode !== "WaitForFirstConsumer") {
            const reason =
                `${className} makes volumes before their zone is known (volumeBindingMode ${mode}): ` +
                "take one with WaitForFirstConsumer";
            throw propertyError("cache.storageClassName", `\`cache.storageClassName\`: ${reason}`);
        }
    });
}
