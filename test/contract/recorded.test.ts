import * as fs from "node:fs";
import * as path from "node:path";
import { renderInstance } from "../../components/buildx/instance";
import { makeDefault } from "../../components/buildx/store";
import {
    contractBuilder,
    contractCredentialsDir,
    contractEntries as entries,
    contractVersions,
    fixturesDir,
} from "../../dev/tools/contract";
import { temporaryFolder } from "../support/project";

const names = entries.map((entry) => entry.name);

function recorded(version: string, name: string): string {
    return fs.readFileSync(path.join(fixturesDir, version, name), "utf8");
}

test("every version of the contract is recorded, the pinned one too; `npm run contract:record` renews them", () => {
    expect(fs.readdirSync(fixturesDir).sort()).toEqual([...contractVersions].sort());
    expect(contractVersions.length).toBeGreaterThanOrEqual(4);
});

describe.each(contractVersions)("buildx %s", (version) => {
    test("has every entry recorded, and no other", () => {
        expect(fs.readdirSync(path.join(fixturesDir, version, "instances")).sort()).toEqual([...names].sort());
    });

    test.each(names)("`create` writes the very bytes that we write for %s", (name) => {
        const entry = entries.find((candidate) => candidate.name === name)!;
        expect(renderInstance(entry, contractCredentialsDir)).toBe(recorded(version, `instances/${name}`));
    });

    test("`use --global` writes the very bytes that `use --default` of ours writes", async () => {
        const dir = temporaryFolder("contract");
        try {
            const other = JSON.stringify({
                ...(JSON.parse(recorded(version, "current")) as object),
                Name: "other",
                Global: false,
            });
            fs.writeFileSync(path.join(dir, "current"), other);
            await makeDefault(dir, contractBuilder.name);
            expect(fs.readFileSync(path.join(dir, "current"), "utf8")).toBe(recorded(version, "current"));
        } finally {
            fs.rmSync(dir, { recursive: true, force: true });
        }
    });

    test("`inspect` reads every node of our file in order: address, certificates, server name, fixed platforms", () => {
        const nodes = recorded(version, "inspect.txt").split("\n\n").slice(1);
        const read = nodes.map((text) =>
            /^Name: +(\S+)\nEndpoint: +(\S+)\nDriver Options: (.+)$/m.exec(text)?.slice(1),
        );
        const platforms = nodes.map((text) => /^Platforms: +(.+)$/m.exec(text)?.[1]);
        const file = (part: string) => `"${contractCredentialsDir}/${part}.pem"`;
        expect(read).toEqual(
            contractBuilder.nodes.map(({ name, endpoint, serverName }) => [
                name,
                endpoint,
                `cacert=${file("ca")} cert=${file("cert")} key=${file("key")} servername="${serverName}"`,
            ]),
        );
        expect(platforms).toEqual([
            "linux/amd64*, linux/amd64/v2*",
            "linux/386*",
            "linux/arm64*, linux/arm/v7*, linux/arm/v6*",
            "linux/s390x*",
        ]);
    });

    test("`ls` lists every entry of ours", () => {
        const listed = recorded(version, "ls.txt").match(/^[a-z]\S*(?= +remote$)/gm);
        expect(listed?.sort()).toEqual([...names].sort());
    });
});
