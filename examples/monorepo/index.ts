import * as pulumi from "@pulumi/pulumi";
import { MultiArchImage } from "multiarch-builder";

const config = new pulumi.Config();
const infra = new pulumi.StackReference(config.require("infra"));

const images = ["api", "web"].map(
    (service) =>
        new MultiArchImage(service, {
            builder: infra.requireOutput("builder"),
            credentials: infra.requireOutput("builderCredentials"),
            repositoryUrl: `${config.require("repositoryUrl")}/${service}`,
            // Only the service's own folder is its context: a change of the other one rebuilds nothing here.
            context: `./services/${service}`,
            namedContexts: { shared: "./shared" },
            tags: [config.require("version")],
        }),
);

export const refs = images.map(({ ref }) => ref);
