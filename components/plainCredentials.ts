import type * as pulumi from "@pulumi/pulumi";
import type { BuilderCredentials } from "./builder";
import { credentialsProblems } from "./buildx/credentials";
import { isInput } from "./kinds";
import { isObject } from "./objects";

/** What is wrong with credentials as far as they are known when the program runs. */
export function plainCredentialsProblems(credentials: pulumi.Input<BuilderCredentials> | undefined): string[] {
    if (credentials === undefined || credentials === null) {
        return ["is missing: { ca, cert, key } as PEM text, for mutual TLS with the nodes"];
    }
    const parts = isObject(credentials) ? Object.values(credentials) : [];
    return isInput(credentials) || parts.some(isInput) ? [] : credentialsProblems(credentials as BuilderCredentials);
}
