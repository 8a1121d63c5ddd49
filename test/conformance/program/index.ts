import * as pulumi from "@pulumi/pulumi";
import { type Builder, type BuilderCredentials, MultiArchImage } from "../../../components";

/** What a team does that knows a builder by its record alone. */
const { builder, credentials, registry, username, password, context } = new pulumi.Config().requireObject<{
    builder: Builder;
    credentials: BuilderCredentials;
    registry: string;
    username: string;
    password: string;
    context: string;
}>("given");

const image = new MultiArchImage("app", {
    builder,
    credentials: pulumi.secret(credentials),
    repositoryUrl: `${registry}/app`,
    cache: { repositoryUrl: `${registry}/cache` },
    registryCredentials: { username, password: pulumi.secret(password) },
    context,
    tags: ["1"],
});

export const { ref, images, cacheRefs } = image;
