import { createHash } from "node:crypto";
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buildkitImage, buildkitRelease, releaseUrl } from "../../components/node/pins";
import { verifyImage, verifyRelease } from "../../dev/prove/pins";
import { runCommand } from "../support/commands";
import { root } from "../support/project";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

describe("verify:pins", () => {
    let server: Server;
    let address: string;
    const asked: string[] = [];

    beforeAll(async () => {
        server = createServer((request, response) => {
            asked.push(`${request.method} ${request.url} ${request.headers.authorization ?? ""}`.trim());
            const url = request.url ?? "";
            const known = url.includes("/v0.32.2/")
                ? "tarball"
                : /\/manifests\/(v1|sha256:)/.test(url)
                  ? "index"
                  : undefined;
            const body = url.startsWith("/token") ? '{"token":"t0ken"}' : known;
            response.writeHead(body === undefined ? 404 : 200).end(body);
        });
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });
    afterAll(() => server.close());

    const release = () => ({
        baseUrl: `${address}/`,
        version: "v0.32.2",
        architecture: "amd64",
        sha256: sha256("tarball"),
    });
    const servers = () => ({ registry: address, token: `${address}/token?service=x` });

    it("compares what it downloads", async () => {
        await expect(verifyRelease(release())).resolves.toContain("/v0.32.2/buildkit-v0.32.2.linux-amd64.tar.gz");
        await expect(verifyRelease({ ...release(), sha256: "0".repeat(64) })).rejects.toThrow(
            /has SHA-256 [0-9a-f]{64}, pinned is 0{64}: find out why/,
        );
    });

    it("says which address does not answer", async () => {
        await expect(verifyRelease({ ...release(), version: "v9.9.9" })).rejects.toThrow(/v9\.9\.9.*answered 404/);
        await expect(verifyRelease({ ...release(), baseUrl: "http://127.0.0.1:1" })).rejects.toThrow(
            /cannot reach http:\/\/127\.0\.0\.1:1\//,
        );
    });

    it("compares what an image's tag stands for", async () => {
        const image = `moby/buildkit:v1@sha256:${sha256("index")}`;
        await expect(verifyImage(image, servers())).resolves.toBe(image);
        expect(asked.slice(-2)).toEqual([
            "GET /token?service=x&scope=repository:moby/buildkit:pull",
            "GET /v2/moby/buildkit/manifests/v1 Bearer t0ken",
        ]);
        await expect(verifyImage(`moby/buildkit:v1@sha256:${"0".repeat(64)}`, servers())).rejects.toThrow(
            "the tag was moved",
        );
        await expect(verifyImage("moby/buildkit:v1", servers())).rejects.toThrow("is no pinned image");
    });

    it("asks for an official image by its digest, since its tag moves", async () => {
        const image = `registry:3@sha256:${sha256("index")}`;
        await expect(verifyImage(image, servers())).resolves.toBe(image);
        expect(asked.slice(-2)).toEqual([
            "GET /token?service=x&scope=repository:library/registry:pull",
            `GET /v2/library/registry/manifests/sha256:${sha256("index")} Bearer t0ken`,
        ]);
    });

    it("has exit codes", async () => {
        const command = (...args: string[]) =>
            runCommand(`${root}/node_modules/.bin/tsx`, [`${root}/dev/prove/verifyPins.ts`, ...args], {
                cwd: root,
                env: process.env,
            });
        expect(await command("--help")).toMatchObject({
            status: 0,
            stdout: expect.stringContaining("Usage:") as string,
        });
        expect(await command("--what")).toMatchObject({
            status: 2,
            stderr: expect.stringContaining("Usage: npm run verify:pins") as string,
        });
    }, 120_000);

    it("has pins of the right shape", () => {
        expect(Object.values(buildkitRelease.sha256).every((sum) => /^[0-9a-f]{64}$/.test(sum))).toBe(true);
        expect(buildkitImage).toMatch(/^moby\/buildkit:v\d+\.\d+\.\d+@sha256:[0-9a-f]{64}$/);
        expect(releaseUrl("https://a/b/", "v1.2.3", "arm64")).toBe(
            "https://a/b/v1.2.3/buildkit-v1.2.3.linux-arm64.tar.gz",
        );
    });
});
