import * as fs from "node:fs";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { type Builder, MultiArchImage } from "multiarch-builder";

// What `npm start` left running in the repository's root: the builder's record, and what opens it.
const folder = new pulumi.Config().get("folder") ?? "../../.local";
const read = (file: string) => fs.readFileSync(path.join(folder, file), "utf8");
const { builder } = JSON.parse(read("outputs.json")) as { builder: Builder };
const credentials = pulumi.secret({
    ca: read("pki/server-ca.pem"),
    cert: read("pki/client.pem"),
    key: read("pki/client-key.pem"),
});
const registry = builder.cacheRepositoryUrl!.replace(/\/.*/, "");

const app = new MultiArchImage("app", {
    builder,
    credentials,
    platforms: builder.nodes.flatMap(({ platforms }) => platforms),
    repositoryUrl: `${registry}/app`,
    registryCredentials: {
        username: read("registry/htpasswd").replace(/:.*/s, ""),
        password: pulumi.secret(read("registry/password")),
    },
    context: "./app",
    tags: ["1.0.0"],
});

export const image = app.ref;
