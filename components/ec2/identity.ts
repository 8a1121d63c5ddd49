import type { Provider } from "@pulumi/aws/provider";
import * as pulumi from "@pulumi/pulumi";
import type { Ec2WakeIdentity } from "./arguments";

/** The identity that starts nodes, as it goes into the record. */
export interface Identity {
    profile?: string;
    roleArn?: string;
}

/**
 * The profile and the role of the stack's own provider, where none are given: the hook that wakes nodes runs outside the
 * provider, and must not use whatever identity the machine happens to have. A provider made in code tells its profile only.
 */
export function identityOf(given: Ec2WakeIdentity | undefined, component: pulumi.Resource): pulumi.Output<Identity> {
    const provider = component.getProvider("aws:ec2/instance:Instance") as Provider | undefined;
    const config = new pulumi.Config("aws");
    const configured = provider ? undefined : config.get("profile");
    const role = provider ? undefined : configuredRole(config);
    return pulumi
        .all([given?.profile ?? provider?.profile ?? configured, given?.roleArn ?? role])
        .apply(([profile, roleArn]) => ({ ...(profile ? { profile } : {}), ...(roleArn ? { roleArn } : {}) }));
}

interface AssumeRole {
    roleArn?: string;
}

/** The last role of the chain, which is the one that the provider ends up with. */
function configuredRole(config: pulumi.Config): string | undefined {
    const chain = config.getObject<AssumeRole[]>("assumeRoles") ?? [];
    return (chain.at(-1) ?? config.getObject<AssumeRole>("assumeRole"))?.roleArn;
}
