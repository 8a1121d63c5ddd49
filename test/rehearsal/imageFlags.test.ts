import { imageFlags } from "../../dev/rehearsal/imageFlags";
import { secret, type Properties } from "../../dev/rehearsal/properties";

describe("the flags of buildx build", () => {
    const wire: Properties = {
        builder: { name: "ci-arm64" },
        buildArgs: { B: "two", A: secret("classified") },
        cacheFrom: [
            { registry: { ref: "r/c:a" } },
            { disabled: true, registry: { ref: "r/c:x" } },
            { raw: "type=gha" },
        ],
        addHosts: ["db:10.0.0.1"],
        ssh: [{ id: "default" }, { id: "key", paths: ["a", "b"] }],
        noCache: true,
        pull: false,
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
    const { args, env } = imageFlags(wire);

    it("are the same text for the same inputs", () => {
        expect(args).toEqual([
            "--builder=ci-arm64",
            "--file=-",
            "--add-host=db:10.0.0.1",
            "--build-arg=A",
            "--build-arg=B=two",
            "--build-context=lib=../lib",
            "--cache-from=type=registry,ref=r/c:a",
            "--cache-from=type=gha",
            "--cache-to=type=registry,ref=r/c:a,mode=max,ignore-error=true,oci-mediatypes=true,image-manifest=true",
            "--label=a=2",
            "--label=z=1",
            "--network=default",
            "--platform=linux/arm64",
            "--target=final",
            "--output=type=image,push=true,push-by-digest=true,name=r/app",
            "--output=type=cacheonly",
            "--secret=id=token,env=REHEARSAL_SECRET_0",
            "--ssh=default",
            "--ssh=key=a,b",
            "--no-cache=true",
            "--provenance=false",
        ]);
    });

    it("hold no secret; the environment does", () => {
        expect(args.join(" ")).not.toMatch(/classified|registry-word|token-word/);
        expect(env).toEqual({ A: "classified", REHEARSAL_SECRET_0: "token-word" });
    });

    it("refuse a secret build argument that would change buildx", () => {
        expect(() => imageFlags({ buildArgs: { PATH: secret("x") } })).toThrow("buildArgs.PATH");
    });

    it("name what is not rehearsed", () => {
        const flags = (inputs: Properties) => () => imageFlags(inputs);
        expect(flags({ cacheFrom: [{ s3: {} }] })).toThrow("cacheFrom: s3 is not rehearsed");
        expect(flags({ cacheTo: [{ registry: { ref: "r", compression: "zstd" } }] })).toThrow("registry, compression");
        expect(flags({ exports: [{ image: {}, cacheonly: {} }] })).toThrow("exports: image, cacheonly");
        expect(flags({ exports: [{ registry: {}, disabled: true }] })).not.toThrow();
    });
});
