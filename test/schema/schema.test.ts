import * as fs from "node:fs";
import * as path from "node:path";
import { Analyzer } from "@pulumi/pulumi/provider/experimental/analyzer";
import * as library from "../../components";
import { root, temporaryFolder } from "../support/project";

interface Property {
    type?: string;
    description?: string;
    $ref?: string;
    items?: Property;
    additionalProperties?: Property;
}

type Analysis = ReturnType<InstanceType<typeof Analyzer>["analyze"]>;

const names = [
    "BuildRegistry",
    "BuilderTls",
    "CiAccess",
    "Ec2Builders",
    "EksBuilders",
    "MultiArchBuilder",
    "MultiArchImage",
];

let analysis: Analysis;
let folder: string;

beforeAll(() => {
    folder = temporaryFolder("schema");
    fs.symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
    fs.writeFileSync(
        path.join(folder, "index.ts"),
        `export * from ${JSON.stringify(path.join(root, "components"))};\n`,
    );
    const compilerOptions = {
        strict: true,
        module: "node16",
        moduleResolution: "node16",
        skipLibCheck: true,
        types: [],
    };
    fs.writeFileSync(path.join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["index.ts"] }));
    const components = new Set(names);
    analysis = new Analyzer(folder, "multiarch-builder", { main: "index.ts" }, components).analyze();
}, 60_000);

afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

function properties(): [string, Property][] {
    const objects = [
        ...Object.entries(analysis.components).flatMap(([name, { inputs, outputs }]) => [
            [`${name} arguments`, inputs] as const,
            [`${name} outputs`, outputs] as const,
        ]),
        ...Object.entries(analysis.typeDefinitions).map(([name, { properties: own }]) => [name, own] as const),
    ];
    return objects.flatMap(([owner, own]) =>
        Object.entries((own ?? {}) as Record<string, Property>).map(([name, property]): [string, Property] => [
            `${owner}.${name}`,
            property,
        ]),
    );
}

test("Pulumi's analyzer takes every component, so the package can serve every Pulumi language", () => {
    expect(Object.keys(analysis.components).sort()).toEqual(names);
    expect(properties().length).toBeGreaterThan(150);
});

test("every public argument, output and field is documented", () => {
    const silent = properties().filter(([, { description }]) => !description?.trim() || /\[object/.test(description));
    expect(silent.map(([name]) => name)).toEqual([]);
});

test("every enumeration is one of texts, and each of its values is documented", () => {
    const enums = Object.entries(analysis.typeDefinitions).flatMap(([name, { type, enum: values }]) =>
        values ? [{ name, type, values }] : [],
    );
    const exported = Object.entries(library).filter(([, value]) => typeof value === "object");
    expect(enums.map(({ name }) => name).sort()).toEqual(exported.map(([name]) => name).sort());
    expect(enums.filter(({ type }) => type !== "string")).toEqual([]);
    const silent = enums.flatMap(({ name, values }) =>
        values.filter(({ description }) => !description?.trim()).map(({ value }) => `${name}.${value}`),
    );
    expect(silent).toEqual([]);
});

test("every property has a type of its own", () => {
    const any = properties().filter(([, property]) => JSON.stringify(property).includes("pulumi.json#/Any"));
    expect(any.map(([name]) => name)).toEqual([]);
});

test("the names that other programs rely on are these", () => {
    expect(properties().map(([name]) => name)).toMatchSnapshot();
});
