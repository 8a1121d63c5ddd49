import { PodIdentityAssociation } from "@pulumi/aws/eks";
import type { Role } from "@pulumi/aws/iam";
import { type Scope, tagsOf } from "../farm/scope";
import type { CiServiceAccount, CiTekton } from "./arguments";

/** Gives service accounts their roles by EKS Pod Identity. With IRSA an annotation of the account does it. */
export function associate(scope: Scope, tekton: CiTekton, push: Role, pullRequest: Role | undefined): void {
    if (tekton.irsa) {
        return;
    }
    const make = (accounts: CiServiceAccount[], role: Role) =>
        accounts.forEach(({ namespace, name }) => {
            const suffix = `-tekton-${namespace}-${name}`;
            new PodIdentityAssociation(
                `${scope.name}${suffix}`,
                {
                    clusterName: tekton.clusterName!,
                    namespace,
                    serviceAccount: name,
                    roleArn: role.arn,
                    tags: tagsOf(scope, suffix),
                },
                { parent: scope.parent },
            );
        });
    make(tekton.serviceAccounts, push);
    if (pullRequest) {
        make(tekton.pullRequestServiceAccounts ?? [], pullRequest);
    }
}
