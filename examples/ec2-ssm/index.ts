import * as pulumi from "@pulumi/pulumi";
import { MultiArchBuilder } from "multiarch-builder";

const config = new pulumi.Config();

const farm = new MultiArchBuilder("laptop", {
    ec2: {
        subnetId: config.require("subnetId"),
        nodes: { amd64: { instanceType: "c7i.large" }, arm64: { instanceType: "c8g.large" } },
        cache: { sizeGiB: 50 },
        // No inbound rule at all: each build opens a port forwarding of Session Manager, so it works from a laptop.
        access: { ssm: true },
    },
    registry: { repositories: ["shop/api"], movingTags: ["latest"] },
});

const api = farm.buildImage("api", { context: "./app", tags: ["latest"], smokeTest: [["/api", "--version"]] });

export const { builder, builderCredentials, recordParameter, repositoryUrls, monthlyCost } = farm;
export const image = api.ref;
