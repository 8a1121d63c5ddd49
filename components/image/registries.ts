import * as ecr from "@pulumi/aws/ecr";
import type { types } from "@pulumi/docker-build";
import * as pulumi from "@pulumi/pulumi";
import type { ImageBuildArgs, RegistryCredentials } from "./arguments";
import { parseEcrHost } from "./ecrHost";
import { registryHost } from "./names";

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
