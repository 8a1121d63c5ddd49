import * as pulumi from "@pulumi/pulumi";
import { type FarmCi, MultiArchBuilder } from "multiarch-builder";

const config = new pulumi.Config();

const farm = new MultiArchBuilder("ci", {
    ec2: {
        subnetId: config.require("subnetId"),
        nodes: { amd64: { instanceType: "c7i.xlarge" }, arm64: { instanceType: "c8g.xlarge" } },
        cache: { sizeGiB: config.getNumber("cacheGiB") },
        idleStopMinutes: 20,
        // Builds come from machines in these groups: CI runners in the VPC, or in one that is peered with it.
        access: { securityGroupIds: config.requireObject<string[]>("runnerSecurityGroupIds") },
    },
    registry: { repositories: ["shop/api"], movingTags: ["latest"] },
    // Jobs of these repositories build here by roles that they take with their own tokens: no secret is kept in CI.
    ci: config.getObject<FarmCi>("ci"),
    tags: { team: "platform" },
});

const api = farm.buildImage("api", { context: "./app", tags: ["1.0.0", "latest"], smokeTest: [["/api", "--version"]] });

export const { builder, builderCredentials, recordParameter, repositoryUrls, monthlyCost, ci } = farm;
export const image = api.ref;
