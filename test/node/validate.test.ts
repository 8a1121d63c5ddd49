import type { NodeOptions } from "../../components/node/options";
import { validateNodeOptions } from "../../components/node/validate";
import { sample } from "./sample";

const certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
const buildkit = sample().buildkit;

describe("a node's options", () => {
    it.each<[string, Partial<NodeOptions>]>([
        ["a usual node", {}],
        ["an arm64 node that runs 32-bit Arm", { architecture: "arm64", platforms: ["linux/arm64", "linux/arm/v7"] }],
        ["an emulated platform", { platforms: ["linux/amd64", "linux/s390x"], emulated: ["linux/s390x"] }],
        ["no idle stop", { idleStopMinutes: 0 }],
        [
            "parameters by ARN",
            {
                parameters: {
                    serverCert: "arn:aws:ssm:eu-west-1:123456789012:parameter/a/b",
                    serverKey: "a",
                    clientCa: "/c",
                },
            },
        ],
        ["a region of another partition", { region: "us-gov-west-1" }],
        ["a region of the European sovereign cloud", { region: "eusc-de-east-1" }],
        ["a mirror of the release", { buildkit: { ...buildkit, baseUrl: "https://mirror.internal:8443/buildkit/" } }],
        ["a proxy", { proxy: { http: "http://proxy.internal:3128/", noProxy: ".internal,10.0.0.0/8" } }],
        ["a CA", { registries: [{ host: "registry.internal:5000", ca: certificate }] }],
    ])("takes %s", (_, changes) => {
        expect(() => validateNodeOptions(sample(changes))).not.toThrow();
    });

    it.each<[Partial<NodeOptions>, string]>([
        [{ builderName: "CI!" }, "`builderName`: must be the name of a buildx builder"],
        [{ nodeName: "a b" }, "`nodeName`: must be the name of a buildx node"],
        [{ serverName: "a..b" }, "`serverName`: must be a DNS name"],
        [{ region: "Frankfurt" }, "`region`: must be an AWS region, like eu-west-1"],
        [
            { parameters: { ...sample().parameters, serverKey: "/a b" } },
            "`parameters.serverKey`: must be the name or ARN",
        ],
        [{ cacheVolumeId: "/dev/sdf" }, "`cacheVolumeId`: must be the id of an EBS volume"],
        [{ platforms: ["linux/arm64"] }, "`platforms[0]`: is not run by amd64: list it in `emulated`"],
        [{ platforms: ["windows/amd64"] }, "`platforms[0]`: must be a Linux platform"],
        [{ platforms: [] }, "`platforms`: must hold a platform that amd64 runs natively, like linux/amd64"],
        [{ emulated: ["linux/386"] }, "`emulated[0]`: BuildKit runs this without an emulator on amd64"],
        [{ emulated: ["s390x"] }, "`emulated[0]`: must be a Linux platform"],
        [{ cacheSizeGiB: 1.5 }, "`cacheSizeGiB`: must be a whole number of GiB from 1 to 65536 (got 1.5)"],
        [{ vcpus: 0 }, "`vcpus`: must be a whole number"],
        [{ memoryMiB: 512 }, "`memoryMiB`: must be a whole number of MiB from 1024"],
        [{ stopTimeoutSeconds: 10 }, "`stopTimeoutSeconds`: must be a whole number of seconds from 30 to 7200"],
        [
            { idleStopMinutes: 1500 },
            "`idleStopMinutes`: must be a whole number of minutes (or 0 for never) from 1 to 1440",
        ],
        [{ bridgeSubnet: "172.30.0.0" }, "`bridgeSubnet`: must be an IPv4 subnet from /8 to /22"],
        [{ bridgeSubnet: "172.30.0.0/24" }, "`bridgeSubnet`: must be an IPv4 subnet from /8 to /22"],
        [{ bridgeSubnet: "172.30.0.300/16" }, "`bridgeSubnet`: must be an IPv4 subnet"],
        [{ bridgeSubnet: "172.30.1.0/16" }, "`bridgeSubnet`: must be the subnet's first address"],
        [
            { mirrors: [{ registry: "https://docker.io", mirrors: [] }] },
            "`mirrors[0].registry`: must be a registry's host",
        ],
        [
            { mirrors: [{ registry: "docker.io", mirrors: ["https://a"] }] },
            "`mirrors[0].mirrors[0]`: must be a host with an optional path and no scheme",
        ],
        [{ registries: [{ host: "a/b" }] }, "`registries[0].host`: must be a registry's host"],
        [{ registries: [{ host: "a", ca: "x" }] }, "`registries[0].ca`: must be the PEM text of a CA certificate"],
        [
            { registries: [{ host: "a", ca: certificate, http: true }] },
            "`registries[0].http`: a registry without TLS has no CA",
        ],
        [{ proxy: { https: "proxy:3128" } }, "`proxy.https`: must be an address, like http://proxy.internal:3128"],
        [{ proxy: { noProxy: "a b" } }, "`proxy.noProxy`: must be hosts separated by commas"],
        [{ proxy: { noProxy: ".internal" } }, "`proxy.noProxy`: has no use without `proxy.http` or `proxy.https`"],
        [
            { proxy: { http: "http://$(reboot)" } },
            '`proxy.http`: must be an address, like http://proxy.internal:3128 (got "http://$(reboot)")',
        ],
        [
            { registries: [{ host: "registry-1.docker.io" }] },
            "`registries[0].host`: must be docker.io, which is how BuildKit calls Docker Hub",
        ],
        [
            { registries: [{ host: "a" }, { host: "A", http: true }] },
            '`registries[1]`: is in `registries[0]` already: name each registry once (got "a")',
        ],
        [
            { mirrors: [{ registry: "a", mirrors: [] }] },
            "`mirrors[0].mirrors`: must name at least one mirror, like mirror.internal/docker-hub (got [])",
        ],
        [
            {
                mirrors: [
                    { registry: "a", mirrors: ["m"] },
                    { registry: "a", mirrors: ["n"] },
                ],
            },
            "`mirrors[1]`: is in `mirrors[0]` already: name all mirrors of a registry there",
        ],
        [{ buildkit: { ...buildkit, version: "latest" } }, "`buildkit.version`: must be a release of BuildKit"],
        [{ buildkit: { ...buildkit, sha256: "abc" } }, "`buildkit.sha256`: must be the tarball's SHA-256"],
        [
            { buildkit: { ...buildkit, baseUrl: "s3://bucket" } },
            "`buildkit.baseUrl`: must be an address without credentials",
        ],
    ])("refuses %j", (changes, message) => {
        expect(() => validateNodeOptions(sample(changes))).toThrow(message);
    });

    it("tells all problems at once", () => {
        expect(() => validateNodeOptions(sample({ vcpus: 0, region: "x" }))).toThrow(
            /node ci-amd64:\n.*region.*\n.*vcpus/,
        );
    });

    it("shows no key and no password", () => {
        // Headers without a key.
        const key = "-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n";
        const thrown = (changes: Partial<NodeOptions>) => {
            try {
                validateNodeOptions(sample(changes));
            } catch (error) {
                return (error as Error).message;
            }
            throw new Error("nothing was thrown");
        };
        expect(thrown({ registries: [{ host: "a", ca: key }] })).not.toContain("c2VjcmV0");
        const proxied = thrown({ proxy: { http: "http://user:hunter2@proxy:3128" } });
        expect(proxied).toContain("`proxy.http`: must not hold credentials");
        expect(proxied).not.toContain("hunter2");
    });
});
