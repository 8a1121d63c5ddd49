import { withDigest } from "../../dev/rehearsal/dockerBuild";
import { cacheEntry, exportEntry, isPushed } from "../../dev/rehearsal/buildxFlags";
import { imageFlags } from "../../dev/rehearsal/imageFlags";
import { reveal, secret, type Properties } from "../../dev/rehearsal/properties";
import { splitReference } from "../../dev/rehearsal/registryDelete";

describe("the flags of buildx build", () => {
    const wire: Properties = {
        builder: { name: "ci-arm64" },
        buildArgs: { B: "two", A: secret("classified") },
        cacheFrom: [
            { registry: { ref: "r/c:a" } },
            { disabled: true, registry: { ref: "r/c:x" } },
            { raw: "type=gha" },
        ],
        cacheTo: [
            { registry: { ref: "r/c:a", mode: "max", imageManifest: true, ociMediaTypes: true, ignoreError: true } },
        ],
        context: { location: "./api", named: { lib: { location: "../lib" } } },
        dockerfile: { inline: "FROM scratch" },
        exports: [{ image: { names: ["r/app"], push: true, pushByDigest: true } }, { cacheonly: {} }],
        labels: { z: "1", a: "2" },
        network: "default",
        platforms: ["linux/arm64"],
        registries: [{ address: "r", username: "u", password: secret("registry-word") }],
        secrets: secret({ token: "token-word" }),
        target: "final",
    };
    const { args, env } = imageFlags(reveal(wire) as Properties, wire);

    it("are the same text for the same inputs", () => {
        expect(args).toEqual([
            ...["--builder", "ci-arm64", "--file", "-", "--build-arg", "A", "--build-arg", "B=two"],
            ...["--build-context", "lib=../lib", "--cache-from", "type=registry,ref=r/c:a", "--cache-from", "type=gha"],
            ...[
                "--cache-to",
                "type=registry,ref=r/c:a,mode=max,ignore-error=true,oci-mediatypes=true,image-manifest=true",
            ],
            ...[
                "--label",
                "a=2",
                "--label",
                "z=1",
                "--network",
                "default",
                "--platform",
                "linux/arm64",
                "--target",
                "final",
            ],
            ...["--output", "type=image,push=true,push-by-digest=true,name=r/app", "--output", "type=cacheonly"],
            ...["--secret", "id=token,env=REHEARSAL_SECRET_0", "--provenance=false"],
        ]);
    });

    it("hold no secret; the environment does", () => {
        expect(args.join(" ")).not.toMatch(/classified|registry-word|token-word/);
        expect(env).toEqual({ A: "classified", REHEARSAL_SECRET_0: "token-word" });
    });

    it("refuse a secret build argument that would change buildx", () => {
        const secretPath = { buildArgs: { PATH: secret("x") } };
        expect(() => imageFlags(reveal(secretPath) as Properties, secretPath)).toThrow("buildArgs.PATH");
    });

    it("want a name for what is pushed", () => {
        expect(() => imageFlags({ push: true })).toThrow("at least one tag or export name is needed");
        expect(imageFlags({ push: true, tags: ["r/a:1"] }).args).toContain("type=registry");
    });
});

test("compression needs a level, as in the provider", () => {
    const entry = (fields: Properties) => cacheEntry({ registry: { ref: "r", ...fields } }, "cacheTo");
    expect(entry({ compression: "zstd" })).toBe("type=registry,ref=r");
    expect(entry({ compression: "zstd", compressionLevel: 30, forceCompression: true })).toBe(
        "type=registry,ref=r,compression=zstd,compression-level=22,force-compression=true",
    );
});

test("one entry is one type", () => {
    expect(() => cacheEntry({ inline: {}, raw: "type=gha" }, "cacheTo")).toThrow("should only specify one type");
    expect(() => cacheEntry({ s3: {} }, "cacheFrom")).toThrow('"s3" is not rehearsed');
    expect(exportEntry({ registry: { ociMediaTypes: true }, disabled: true })).toBe("");
});

test.each([
    ["type=registry", true],
    ["type=registry,push=false", false],
    ["type=image,push=true", true],
    ["type=image", false],
    ["type=cacheonly", false],
])("%s pushes: %s", (entry, expected) => expect(isPushed(entry)).toBe(expected));

test("a ref is the tag with its digest, for full names only", () => {
    expect(withDigest("127.0.0.1:5000/a/b:1", "sha256:x")).toBe("127.0.0.1:5000/a/b:1@sha256:x");
    expect(withDigest("ghcr.io/a/b", "sha256:x")).toBe("ghcr.io/a/b:latest@sha256:x");
    expect(withDigest("alpine:3", "sha256:x")).toBeUndefined();
    expect(splitReference("localhost:5000/a:1@sha256:x")).toEqual({
        host: "localhost:5000",
        repository: "a",
        digest: "sha256:x",
    });
});
