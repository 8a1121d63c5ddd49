import * as pulumi from "@pulumi/pulumi";
import { MultiArchImage } from "multiarch-builder";

const config = new pulumi.Config();
const infra = new pulumi.StackReference(config.require("infra"));

const web = new MultiArchImage("web", {
    builder: infra.requireOutput("builder"),
    credentials: infra.requireOutput("builderCredentials"),
    repositoryUrl: config.require("repositoryUrl"),
    context: "./web",
    tags: [config.require("version")],
});

export const image = web.ref;
