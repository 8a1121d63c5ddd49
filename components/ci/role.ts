import * as iam from "@pulumi/aws/iam";
import type * as pulumi from "@pulumi/pulumi";
import { type Statement, document } from "../ec2/policies";
import { type Scope, physicalPrefix, tagsOf } from "../farm/scope";
import { propertyError } from "../problems";
import type { CiSystem } from "./facts";
import { type TrustStatement, trustDocument, trustLimit } from "./trust";

/** What a role is for: protected refs, or pull requests. */
type CiUse = "push" | "pull-request";

/** A role of a CI system: who takes it, and what it may do. */
export function ciRole(
    scope: Scope,
    system: CiSystem,
    use: CiUse,
    trust: pulumi.Output<TrustStatement[]>,
    statements: pulumi.Output<Statement[]>,
): iam.Role {
    const { args, name, builderName, parent } = scope;
    const suffix = `-${system}-${use}`;
    const role = new iam.Role(
        `${name}${suffix}-role`,
        {
            // IAM appends 26 characters, and takes 64.
            namePrefix: physicalPrefix(scope, suffix, 38),
            path: args.rolePath,
            description: `Jobs of ${system} that build on ${builderName}: ${use}`,
            assumeRolePolicy: trust.apply((all) => fitting(system, trustDocument(all))),
            permissionsBoundary: args.permissionsBoundary,
            tags: tagsOf(scope, suffix),
        },
        { parent },
    );
    new iam.RolePolicy(`${name}${suffix}-policy`, { role: role.id, policy: statements.apply(document) }, { parent });
    return role;
}

function fitting(system: CiSystem, text: string): string {
    if (text.length > trustLimit) {
        const reason = `the trust policy of its role has ${text.length} characters, and IAM takes ${trustLimit}`;
        const remedy = "name fewer repositories and refs here, and further ones in a `CiAccess` of their own";
        throw propertyError(system, `\`${system}\`: ${reason}: ${remedy}`);
    }
    return text;
}
