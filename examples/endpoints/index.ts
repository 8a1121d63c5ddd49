import * as pulumi from "@pulumi/pulumi";
import { type BuilderCredentials, type BuilderEndpoint, MultiArchBuilder } from "multiarch-builder";

const config = new pulumi.Config();

const farm = new MultiArchBuilder("ci", {
    endpoints: config.requireObject<BuilderEndpoint[]>("endpoints"),
    credentials: config.requireSecretObject<BuilderCredentials>("credentials"),
    registry: {
        imageRepositoryUrl: config.require("repositoryUrl"),
        cacheRepositoryUrl: config.require("cacheRepositoryUrl"),
    },
});

const app = farm.buildImage("app", { context: "./app", tags: ["1.0.0"] });

export const { builder, builderCredentials } = farm;
export const image = app.ref;
