import { getClusterOutput } from "@pulumi/aws/eks";
import * as pulumi from "@pulumi/pulumi";
import type { Scope } from "../farm/scope";
import type { CiProvider, CiServiceAccount, CiTekton, FarmCi } from "./arguments";
import type { CiSystem } from "./facts";
import { oidcProvider } from "./provider";
import { type Subjects, circleciSubjects, githubSubjects, gitlabSubjects, harnessSubjects } from "./subjects";
import { type TrustStatement, podIdentityTrust, serviceAccountTokens, webIdentityTrust } from "./trust";

/** Who takes the two roles of a system. */
export interface SystemTrust {
    system: CiSystem;
    push: pulumi.Output<TrustStatement[]>;
    /** None where nothing tells that a job is for a pull request. */
    pullRequest?: pulumi.Output<TrustStatement[]>;
}

/** Who takes the roles of each system that is given. */
export function systemTrusts(scope: Scope, args: FarmCi): SystemTrust[] {
    const { github, gitlab, circleci, harness, tekton } = args;
    return [
        ...(github ? [tokenTrust(scope, "github", githubSubjects(github), github)] : []),
        ...(gitlab ? [tokenTrust(scope, "gitlab", gitlabSubjects(gitlab), gitlab)] : []),
        ...(circleci ? [tokenTrust(scope, "circleci", circleciSubjects(circleci), circleci)] : []),
        ...(harness ? [tokenTrust(scope, "harness", harnessSubjects(harness), harness)] : []),
        ...(tekton ? [tekton.irsa ? irsaTrust(scope, tekton) : podTrust(scope, tekton)] : []),
    ];
}

/** What the subjects of a system are, with an issuer that may be known later. */
type Issued = Omit<Subjects, "issuer"> & { issuer: pulumi.Input<string> };

function tokenTrust(scope: Scope, system: CiSystem, issued: Issued, provider: CiProvider): SystemTrust {
    const { audience, push, pullRequest } = issued;
    const arn = oidcProvider(scope, system, issued, provider);
    const trust = (tokens: Subjects["push"]) => arn.apply((known) => webIdentityTrust(known, audience, tokens));
    return { system, push: trust(push), pullRequest: pullRequest.length > 0 ? trust(pullRequest) : undefined };
}

function irsaTrust(scope: Scope, tekton: CiTekton): SystemTrust {
    const cluster = getClusterOutput({ name: tekton.clusterName! }, { parent: scope.parent });
    const issued = {
        issuer: cluster.identities.apply((identities) => identities[0]?.oidcs[0]?.issuer ?? ""),
        audience: "sts.amazonaws.com",
        push: serviceAccountTokens(tekton.serviceAccounts),
        pullRequest: serviceAccountTokens(tekton.pullRequestServiceAccounts ?? []),
    };
    return tokenTrust(scope, "tekton", issued, tekton);
}

function podTrust(scope: Scope, { clusterName, serviceAccounts, pullRequestServiceAccounts }: CiTekton): SystemTrust {
    const clusterArn = pulumi.interpolate`arn:${scope.partition}:eks:${scope.region}:${scope.accountId}:cluster/${clusterName!}`;
    const trust = (accounts: CiServiceAccount[]) => clusterArn.apply((arn) => podIdentityTrust(arn, accounts));
    const pullRequest = pullRequestServiceAccounts?.length ? trust(pullRequestServiceAccounts) : undefined;
    return { system: "tekton", push: trust(serviceAccounts), pullRequest };
}
