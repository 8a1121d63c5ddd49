import { EksExposure } from "./arguments";
import { type ManifestSettings, type Part, labelsOf, podNames, serviceAccountName } from "./objects";

/** The account that pods run under, without any right and without a token. */
export function serviceAccount<T>(settings: ManifestSettings<T>): Part {
    const { builderName, namespace } = settings;
    return {
        suffix: "service-account",
        object: {
            apiVersion: "v1",
            kind: "ServiceAccount",
            metadata: { name: serviceAccountName(settings), namespace, labels: labelsOf(builderName) },
            automountServiceAccountToken: false,
        },
    };
}

/** Who besides the cluster's own people may reach builders by `kubectl exec`: these groups, in these pods. */
export function execRole<T>({ builderName, namespace, exposure, access, nodes }: ManifestSettings<T>): Part[] {
    if (exposure !== EksExposure.KubePod || access.groups.length === 0) {
        return [];
    }
    const metadata = { name: `${builderName}-clients`, namespace, labels: labelsOf(builderName) };
    const resourceNames = nodes.flatMap((node) => podNames(node));
    const group = "rbac.authorization.k8s.io";
    return [
        {
            suffix: "client-role",
            object: {
                apiVersion: `${group}/v1`,
                kind: "Role",
                metadata,
                rules: [
                    { apiGroups: [""], resources: ["pods"], resourceNames, verbs: ["get"] },
                    // kubectl opens a web socket with GET, older ones with POST.
                    { apiGroups: [""], resources: ["pods/exec"], resourceNames, verbs: ["create", "get"] },
                ],
            },
        },
        {
            suffix: "client-role-binding",
            object: {
                apiVersion: `${group}/v1`,
                kind: "RoleBinding",
                metadata,
                roleRef: { apiGroup: group, kind: "Role", name: metadata.name },
                subjects: access.groups.map((name) => ({ apiGroup: group, kind: "Group", name })),
            },
        },
    ];
}
