import { type ManifestSettings, type Part, labelsOf } from "./objects";

/** The class of the cache volumes: the given one, or one of the builder's own. Classes have no namespace. */
export function storageClassName<T>({ cache, namespace, builderName }: ManifestSettings<T>): string {
    return cache.storageClassName ?? `${namespace}-${builderName}-cache`;
}

/** An encrypted gp3 class. https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/docs/parameters.md */
export function storageClass<T>(settings: ManifestSettings<T>): Part[] {
    const { cache, builderName } = settings;
    if (cache.storageClassName !== undefined) {
        return [];
    }
    return [
        {
            suffix: "storage-class",
            object: {
                apiVersion: "storage.k8s.io/v1",
                kind: "StorageClass",
                metadata: { name: storageClassName(settings), labels: labelsOf(builderName) },
                provisioner: cache.provisioner,
                parameters: {
                    type: "gp3",
                    encrypted: "true",
                    ...(cache.kmsKeyArn === undefined ? {} : { kmsKeyId: cache.kmsKeyArn }),
                    iops: String(cache.iops),
                    throughput: String(cache.throughputMiBps),
                    // As on EC2: garbage collection reckons with its overhead.
                    "csi.storage.k8s.io/fstype": "xfs",
                },
                // A volume is made in the zone that its pod is scheduled to.
                volumeBindingMode: "WaitForFirstConsumer",
                allowVolumeExpansion: true,
                reclaimPolicy: "Delete",
            },
        },
    ];
}
