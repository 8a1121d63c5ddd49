import * as fs from "node:fs";
import * as path from "node:path";
import * as ts from "typescript";
import { defaultInstanceTypes, defaults } from "../../components/ec2/settings";
import { buildkitRelease } from "../../components/node/pins";
import { root } from "../support/project";

const page = fs.readFileSync(path.join(root, "docs/aws.md"), "utf8");

/** The properties of each interface of some files, with the name of the type that each has or is a list of. */
function interfaces(...files: string[]): Map<string, [property: string, type: string, list: boolean][]> {
    const found = new Map<string, [string, string, boolean][]>();
    for (const file of files) {
        const text = fs.readFileSync(path.join(root, file), "utf8");
        ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true).forEachChild((node) => {
            if (ts.isInterfaceDeclaration(node)) {
                const properties = node.members.filter(ts.isPropertySignature).map((member) => {
                    const type = member.type!;
                    const list = ts.isArrayTypeNode(type);
                    const own = (list ? type.elementType : type).getText();
                    return [member.name.getText(), own, list] as [string, string, boolean];
                });
                found.set(node.name.text, properties);
            }
        });
    }
    return found;
}

test("docs/aws.md has every argument of `ec2`, and no other", () => {
    const known = interfaces("components/ec2/arguments.ts", "components/ec2/nodeArguments.ts");
    const flat = (type: string, at: string): string[] =>
        known.get(type)!.flatMap(([property, own, list]) => {
            const here = `${at}${property}`;
            // Both nodes have the same settings.
            return own === "Ec2Node"
                ? [here, ...flat(own, `${at}*.`)]
                : known.has(own)
                  ? flat(own, `${here}${list ? "[]" : ""}.`)
                  : [here];
        });
    const rows = page
        .split("## Arguments")[1]!
        .split("\n## ")[0]!
        .match(/^\| `.*$/gm)!;
    const told = rows.flatMap((row) => [...row.split("|")[1]!.matchAll(/`([^`]+)`/g)].map(([, name]) => name));
    expect([...told].sort()).toEqual([...new Set(flat("FarmEc2", ""))].sort());
});

test.each([
    ["cache.sizeGiB", String(defaults.cacheSizeGiB)],
    ["cache.iops", `${defaults.iops}, ${defaults.throughputMiBps}`],
    ["idleStopMinutes", String(defaults.idleStopMinutes)],
    ["stopTimeoutSeconds", String(defaults.stopTimeoutSeconds)],
    ["nodes.*.rootSizeGiB", String(defaults.rootSizeGiB)],
    ["nodes.*.instanceType", `\`${defaultInstanceTypes.amd64}\`, \`${defaultInstanceTypes.arm64}\``],
    ["bridgeSubnet", `\`${defaults.bridgeSubnet}\``],
    ["egress.ports", `TCP ${defaults.egressPorts.join(" and ")} to anywhere`],
    ["monitoring.logRetentionDays", String(defaults.logRetentionDays)],
    ["monitoring.awakeHours", String(defaults.awakeHours)],
    ["buildkit.version", `\`${buildkitRelease.version}\``],
])("docs/aws.md: the default of %s is %s", (argument, value) => {
    const row = page.split("\n").find((line) => line.startsWith(`| \`${argument}\``))!;
    expect(row.split("|")[3]!.trim()).toBe(value);
});
