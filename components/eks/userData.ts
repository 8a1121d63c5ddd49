import { EksOperatingSystem, EksSecurity } from "./arguments";
import { isReserved } from "./labels";
import type { GroupSettings } from "./settings";

/**
 * User data of the machines, base64, where EKS does not set all by itself: a taint whose key EKS refuses for node groups is
 * registered by the kubelet, and Bottlerocket has no user namespaces unless told.
 */
export function userDataOf(settings: GroupSettings, security: EksSecurity | undefined): string | undefined {
    const text =
        settings.operatingSystem === EksOperatingSystem.Bottlerocket
            ? bottlerocket(settings, security === EksSecurity.UserNamespace)
            : amazonLinux(settings);
    return text === undefined ? undefined : Buffer.from(text).toString("base64");
}

/** https://awslabs.github.io/amazon-eks-ami/nodeadm/doc/api/ */
function amazonLinux({ taint: { key, value = "", effect } }: GroupSettings): string | undefined {
    return isReserved(key)
        ? `MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="BOUNDARY"

--BOUNDARY
Content-Type: application/node.eks.aws

---
apiVersion: node.eks.aws/v1alpha1
kind: NodeConfig
spec:
  kubelet:
    flags:
      - --register-with-taints=${key}=${value}:${effect}

--BOUNDARY--
`
        : undefined;
}

/** https://bottlerocket.dev/en/os/latest/#/api/settings/ */
function bottlerocket(
    { taint: { key, value = "", effect } }: GroupSettings,
    userNamespaces: boolean,
): string | undefined {
    const sections = [
        ...(isReserved(key) ? [`[settings.kubernetes.node-taints]\n"${key}" = ["${value}:${effect}"]\n`] : []),
        ...(userNamespaces ? ['[settings.kernel.sysctl]\n"user.max_user_namespaces" = "16384"\n'] : []),
    ];
    return sections.length > 0 ? sections.join("\n") : undefined;
}
