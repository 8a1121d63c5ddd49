import * as iam from "@pulumi/aws/iam";
import * as pulumi from "@pulumi/pulumi";
import { type Scope, tagsOf } from "../farm/scope";
import { hookName } from "../image/hooks";
import { propertyError } from "../problems";
import type { CiProvider } from "./arguments";
import type { CiSystem } from "./facts";
import { providerProblem } from "./trust";

/** ARN of the OIDC provider of a system: the given one, a new one, or the one that the account has. */
export function oidcProvider(
    scope: Scope,
    system: CiSystem,
    tokens: { issuer: pulumi.Input<string>; audience: string },
    { providerArn, createProvider }: CiProvider,
): pulumi.Output<string> {
    const { name, parent } = scope;
    const { issuer, audience } = tokens;
    if (providerArn !== undefined) {
        return pulumi.all([providerArn, issuer]).apply(([arn, url]) => {
            const reason = providerProblem(arn, url);
            if (reason) {
                throw propertyError(`${system}.providerArn`, `\`${system}.providerArn\`: ${reason} (got ${arn})`);
            }
            return arn;
        });
    }
    if (createProvider) {
        const hook = new pulumi.ErrorHook(hookName(parent, `${system}-provider-exists`), async ({ errors }) => {
            const advice = creationAdvice(system, errors[0] ?? "");
            if (advice) {
                await pulumi.log.error(advice, parent);
            }
            return false;
        });
        const made = new iam.OpenIdConnectProvider(
            `${name}-${system}-provider`,
            // Without thumbprints: AWS knows the authorities of public issuers.
            { url: issuer, clientIdLists: [audience], tags: tagsOf(scope, `-${system}`) },
            { parent, hooks: { onError: [hook] } },
        );
        return made.arn;
    }
    return pulumi.output(issuer).apply((url) => lookUp(system, url, audience, parent));
}

/** What to do when a provider cannot be made; undefined where AWS's own words say it. */
export function creationAdvice(system: CiSystem, error: string): string | undefined {
    return /EntityAlreadyExists/.test(error)
        ? `\`${system}.createProvider\`: the account has an OIDC provider for this issuer already, and takes no second one: ` +
              `take \`createProvider\` out, so that it is looked up, or name it with \`${system}.providerArn\``
        : undefined;
}

async function lookUp(system: CiSystem, url: string, audience: string, parent: pulumi.Resource): Promise<string> {
    const found = await iam.getOpenIdConnectProvider({ url }, { parent }).catch((error: Error) => {
        if (!/not found/i.test(error.message)) {
            throw error;
        }
        const reason = `the account has no OIDC provider for ${url}: let one stack make it with \`createProvider: true\``;
        throw propertyError(`${system}.createProvider`, `\`${system}.createProvider\`: ${reason}`);
    });
    if (!found.clientIdLists.includes(audience)) {
        const command =
            "aws iam add-client-id-to-open-id-connect-provider " +
            `--open-id-connect-provider-arn ${found.arn} --client-id ${audience}`;
        const reason = `the account's OIDC provider for ${url} does not take the audience ${audience}: ${command}`;
        throw propertyError(`${system}.audience`, `\`${system}\`: ${reason}`);
    }
    return found.arn;
}
