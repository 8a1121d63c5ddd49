import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { Builder, BuilderCredentials } from "./builder";
import { registerBuilder } from "./buildx/registration";
import { hookName } from "./image/hooks";

/**
 * The last resource of a farm: registers the builder with buildx on the machine that runs the update, whenever the
 * record or the client certificate changes, and contacts no node. Other machines run `npx multiarch-builder use`.
 */
export class BuilderRegistration extends pulumi.ComponentResource {
    constructor(
        name: string,
        args: { builder: pulumi.Input<Builder>; credentials: pulumi.Input<BuilderCredentials> },
        opts: pulumi.ComponentResourceOptions & { parent: pulumi.Resource },
    ) {
        const known: { builder?: Builder; credentials?: BuilderCredentials } = {};
        const inputs = pulumi.unsecret(
            pulumi.all([args.builder, pulumi.secret(args.credentials)]).apply(([builder, credentials]) => {
                Object.assign(known, { builder, credentials });
                // A renewed certificate has to reach the store too; its hash says so, and nothing of it is secret.
                const fingerprint = createHash("sha256").update(credentials.ca).update(credentials.cert).digest("hex");
                return { builder, fingerprint };
            }),
        );
        const hook = new pulumi.ResourceHook(hookName(opts.parent, `${name}-register`), async () => {
            if (!known.builder || !known.credentials) {
                throw new Error(`the builder of ${name} is not known yet`);
            }
            await registerBuilder(known.builder, known.credentials);
        });
        const hooks = { beforeCreate: [hook], beforeUpdate: [hook] };
        super(
            "multiarch-builder:index:BuilderRegistration",
            name,
            { builder: inputs.builder, fingerprint: inputs.fingerprint },
            { ...opts, hooks },
        );
        this.registerOutputs({});
    }
}
