import type { Statement } from "../ec2/policies";
import type { CiServiceAccount } from "./arguments";
import type { Tokens } from "./subjects";

/** A statement of a role's trust policy. */
export interface TrustStatement extends Omit<Statement, "Resource"> {
    Principal: Record<string, string>;
}

/** A trust policy holds no more. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
export const trustLimit = 2048;

/** A trust policy as text. */
export function trustDocument(statements: TrustStatement[]): string {
    return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

/** Lets tokens of a provider take a role: with the audience, and a subject. The provider's ARN ends in the claims' prefix. */
export function webIdentityTrust(providerArn: string, audience: string, tokens: Tokens[]): TrustStatement[] {
    const issuer = issuerOf(providerArn);
    return tokens.map(({ sid, subjects, claims = {} }) => {
        const wanted: Record<string, string | string[]> = {
            aud: audience,
            ...claims,
            sub: subjects,
        };
        const isPattern = (claim: string) => [wanted[claim]!].flat().some((value) => /[*?]/.test(value));
        const conditions = (names: string[]) =>
            Object.fromEntries(names.map((claim) => [`${issuer}:${claim}`, wanted[claim]!]));
        const patterns = Object.keys(wanted).filter(isPattern);
        const exact = Object.keys(wanted).filter((claim) => !isPattern(claim));
        const Condition: TrustStatement["Condition"] = {
            StringEquals: conditions(exact),
            ...(patterns.length > 0 ? { StringLike: conditions(patterns) } : {}),
        };
        return {
            Sid: sid,
            Effect: "Allow",
            Principal: { Federated: providerArn },
            Action: "sts:AssumeRoleWithWebIdentity",
            Condition,
        };
    });
}

/** The issuer of an OIDC provider, without its scheme. */
export function issuerOf(providerArn: string): string {
    return providerArn.slice(providerArn.indexOf(":oidc-provider/") + ":oidc-provider/".length);
}

/** Why a provider is not the one that the tokens come from; undefined when it is. */
export function providerProblem(arn: string, issuer: string): string | undefined {
    const own = issuer.replace(/^https:\/\//, "");
    if (!/^arn:aws[a-z-]*:iam::\d{12}:oidc-provider\/[\w.:/-]+$/.test(arn)) {
        return `must be the ARN of an OIDC provider, arn:aws:iam::…:oidc-provider/${own}`;
    }
    return issuerOf(arn) === own ? undefined : `is the provider of ${issuerOf(arn)}, and the tokens come from ${own}`;
}

/** Lets EKS give a role to the pods of service accounts. https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html */
export function podIdentityTrust(clusterArn: string, accounts: CiServiceAccount[]): TrustStatement[] {
    // A statement for each: two lists would match every namespace with every name.
    return accounts.map(({ namespace, name }, i) => ({
        Sid: `ServiceAccount${i}`,
        Effect: "Allow",
        Principal: { Service: "pods.eks.amazonaws.com" },
        Action: ["sts:AssumeRole", "sts:TagSession"],
        Condition: {
            StringEquals: {
                "aws:RequestTag/eks-cluster-arn": clusterArn,
                "aws:RequestTag/kubernetes-namespace": namespace,
                "aws:RequestTag/kubernetes-service-account": name,
            },
        },
    }));
}

/** The subjects of service accounts. https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html */
export function serviceAccountTokens(accounts: CiServiceAccount[]): Tokens[] {
    const subjects = accounts.map(({ namespace, name }) => `system:serviceaccount:${namespace}:${name}`);
    return subjects.length > 0 ? [{ sid: "ServiceAccounts", subjects }] : [];
}
