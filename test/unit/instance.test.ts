import { readFileSync, readdirSync } from "node:fs";
import * as path from "node:path";
import type { Entry } from "../../components/buildx/entries";
import { parseInstance, renderInstance } from "../../components/buildx/instance";

const recordings = path.join(__dirname, "../fixtures/buildx");
const versions = readdirSync(recordings, { withFileTypes: true }).filter((entry) => entry.isDirectory());

const amd64 = { name: "ci-amd64", endpoint: "tcp://10.0.1.4:1234", serverName: "amd64.builders.internal" };
const arm64 = { name: "ci-arm64", endpoint: "tcp://10.0.1.5:1234", serverName: "arm64.builders.internal" };

/** The entries that test/fixtures/buildx/record.sh makes with the real buildx. */
const recorded: Entry[] = [
    {
        name: "ci",
        nodes: [
            { ...amd64, platforms: ["linux/amd64", "linux/386"] },
            { ...arm64, platforms: ["linux/arm64", "linux/arm/v7"] },
        ],
    },
    { name: "ci-arm64", nodes: [{ ...arm64, platforms: ["linux/arm64/v8", "linux/arm", "linux/amd64/v3"] }] },
    { name: "ci-386", nodes: [{ ...amd64, platforms: ["linux/i386"], endpoint: "tcp://[fd00::4]:1234" }] },
];

test("there are recordings", () => {
    expect(versions.map((version) => version.name)).toContain("0.37.0");
});

describe.each(versions.map((version) => version.name))("buildx %s", (version) => {
    test.each(recorded.map((entry) => [entry.name, entry] as const))("%s is rendered byte for byte", (name, entry) => {
        const expected = readFileSync(path.join(recordings, version, `${name}.json`), "utf8");
        expect(renderInstance(entry, "@CREDENTIALS@")).toBe(expected);
    });

    test("what it writes is read back", () => {
        expect(parseInstance(readFileSync(path.join(recordings, version, "ci.json"), "utf8"))).toEqual({
            nodeNames: ["ci-amd64", "ci-arm64"],
            credentialsDirs: ["@CREDENTIALS@"],
        });
    });
});

test.each(["5", '"x"', "[]", "{}", '{"Nodes":[]}'])("%j has no node and no folder of ours", (text) => {
    expect(parseInstance(text)).toEqual({ nodeNames: [], credentialsDirs: [] });
});

test.each(["", "null", "{", '{"Nodes":5}', '{"Nodes":[null]}', '{"Nodes":[{"DriverOpts":{"cacert":5}}]}'])(
    "%j is no instance",
    (text) => {
        expect(parseInstance(text)).toBeUndefined();
    },
);

test("an instance of another driver has no folder of ours", () => {
    expect(parseInstance('{"Name":"x","Driver":"docker-container","Nodes":[{"Name":"x0","DriverOpts":null}]}')).toEqual(
        {
            nodeNames: ["x0"],
            credentialsDirs: ["."],
        },
    );
});
