import * as ecr from "@pulumi/aws/ecr";
import type { types } from "@pulumi/docker-build";
import * as pulumi from "@pulumi/pulumi";
import type { ImageBuildArgs, RegistryCredentials } from "./arguments";
import { registryHost } from "./names";

/**
 * The parts of an ECR registry's host, also in other partitions and dual-stack.
 * https://github.com/awslabs/amazon-ecr-credential-helper/blob/v0.12.0/ecr-login/api/client.go
 */
export function parseEcrHost(host: string): { registryId: string; region: string } | undefined {
    const match = /^(\d{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9][a-z0-9-]*)\.(.+)$/.exec(host.toLowerCase());
    if (!ecrDomains.includes(match?.[3] ?? "")) {
        return undefined;
    }
    return match?.[1] && match[2] ? { registryId: match[1], region: match[2] } : undefined;
}

const ecrDomains = [
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "on.aws",
    "on.amazonwebservices.com.cn",
    "sc2s.sgov.gov",
    "c2s.ic.gov",
    "cloud.adc-e.uk",
    "csp.hci.ic.gov",
];

/**
 * The login for a repository: the given one, else a token of the account for an ECR address, else none, which leaves the
 * host's `docker login`. The provider ignores a changed password, so a fresh token is no difference.
 */
export function loginFor(
    repositoryUrl: pulumi.Output<string>,
    given: RegistryCredentials | undefined,
    parent: pulumi.Resource,
): pulumi.Input<types.input.RegistryArgs | undefined> {
    if (given) {
        const address = repositoryUrl.apply(registryHost);
        return { address, username: given.username, password: pulumi.secret(given.password) };
    }
    return repositoryUrl.apply((url) => {
        const address = registryHost(url);
        const registry = parseEcrHost(address);
        if (!registry) {
            return undefined;
        }
        const token = ecr.getAuthorizationTokenOutput(registry, { parent });
        return pulumi.all([token.userName, pulumi.secret(token.password)]).apply(([username, password]) => ({
            address,
            username,
            password,
        }));
    });
}

/** All logins of a build: the target's and those for base images. */
export function buildLogins(
    target: pulumi.Input<types.input.RegistryArgs | undefined>,
    registries: ImageBuildArgs["registries"],
): pulumi.Input<pulumi.Input<types.input.RegistryArgs>[]> {
    const others = (registries ?? []).map(({ address, username, password }) => ({
        address,
        username,
        password: pulumi.secret(password),
    }));
    if (pulumi.Output.isInstance(target)) {
        return target.apply((login) => (login ? [login, ...others] : others));
    }
    return target ? [target as types.input.RegistryArgs, ...others] : others;
}
