import * as pulumi from "@pulumi/pulumi";
import { MultiArchImage } from "multiarch-builder";

const config = new pulumi.Config();
const infra = new pulumi.StackReference(config.require("infra"));
const base = config.require("base");

const app = new MultiArchImage("app", {
    builder: infra.requireOutput("builder"),
    credentials: infra.requireOutput("builderCredentials"),
    repositoryUrl: config.require("repositoryUrl"),
    platforms: config.getObject<string[]>("platforms"),
    // The base image's registry has a login of its own, which exists only in memory while the image is built.
    registries: [
        {
            address: base.replace(/\/.*/, ""),
            username: config.require("baseUsername"),
            password: config.requireSecret("basePassword"),
        },
    ],
    // Arguments end up in the image's history, secrets do not.
    buildArgs: { BASE: base, PACKAGES: config.get("packages") ?? "https://packages.acme.io" },
    secrets: { token: config.requireSecret("token") },
    context: "./app",
    tags: ["1.0.0"],
});

export const image = app.ref;
