import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import * as library from "../../components";
import { root } from "../support/project";
import { type Schema, servedSchema } from "./serving";

// The host analyses all sources, and a machine may be busy.
jest.setTimeout(300_000);

let schema: Schema;

beforeAll(async () => {
    schema = await servedSchema(path.join(root, "plugin"));
});

const inputsOf = (component: string) => schema.resources[`multiarch-builder:index:${component}`]!;

/** A program's use of a component: every argument exists, and none that must be there is missing. */
function expectFits(component: string, given: string[]): void {
    const { inputProperties, requiredInputs = [] } = inputsOf(component);
    expect(Object.keys(inputProperties)).toEqual(expect.arrayContaining(given));
    expect(given).toEqual(expect.arrayContaining(requiredInputs));
}

test("serves every component that the library exports, under the tokens that programs and states have", () => {
    const components = Object.entries(library)
        .filter(([, value]) => typeof value === "function" && "prototype" in value && /^class/.test(value.toString()))
        .map(([name]) => `multiarch-builder:index:${name}`);
    expect(components.length).toBeGreaterThan(5);
    expect(Object.keys(schema.resources).sort()).toEqual(components.sort());
    expect(Object.values(schema.resources).every(({ isComponent }) => isComponent)).toBe(true);
});

test("is named and numbered as the library is", () => {
    const { version, dependencies } = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8")) as {
        version: string;
        dependencies: Record<string, string>;
    };
    expect(schema).toMatchObject({ name: "multiarch-builder", namespace: "multiarch", version });
    const plugin = JSON.parse(fs.readFileSync(path.join(root, "plugin/package.json"), "utf8")) as typeof dependencies;
    expect((plugin.dependencies as unknown as typeof dependencies)["@pulumi/pulumi"]).toBe(
        dependencies["@pulumi/pulumi"],
    );
});

test("every component, argument, output and field says what it is", () => {
    const fields = Object.entries(schema.types).flatMap(([token, { properties = {} }]) =>
        Object.entries(properties)
            .filter(([, property]) => !("description" in property && property.description))
            .map(([name]) => `${token}.${name}`),
    );
    expect(fields).toEqual([]);
    const silent = Object.entries(schema.resources).flatMap(([token, { description, properties, inputProperties }]) => [
        ...(description?.trim() ? [] : [token]),
        ...[...Object.entries(properties), ...Object.entries(inputProperties)]
            .filter(([, property]) => !("description" in property && property.description))
            .map(([name]) => `${token}.${name}`),
    ]);
    expect(silent).toEqual([]);
});

test("enumerations are enumerations in every language", () => {
    const served = Object.entries(schema.types).flatMap(([token, { enum: values }]) =>
        values ? [[token, values.map(({ value }) => value)] as const] : [],
    );
    const exported = Object.entries(library).filter(([, value]) => typeof value === "object");
    expect(exported.length).toBeGreaterThan(5);
    expect(Object.fromEntries(served)).toEqual(
        Object.fromEntries(exported.map(([name, value]) => [`multiarch-builder:index:${name}`, Object.values(value)])),
    );
});

test("examples/app-yaml gives components what their schema takes", () => {
    const file = path.join(root, "examples/app-yaml/Pulumi.yaml");
    const { resources, packages } = parse(fs.readFileSync(file, "utf8")) as {
        resources: Record<string, { type: string; properties: Record<string, unknown> }>;
        packages: Record<string, string>;
    };
    expect(path.resolve(path.dirname(file), packages["multiarch-builder"]!)).toBe(path.join(root, "plugin"));
    const own = Object.values(resources).filter(({ type }) => type.startsWith("multiarch-builder:"));
    expect(own).toHaveLength(1);
    own.forEach(({ type, properties }) => expectFits(type.split(":")[1]!, Object.keys(properties)));
    const outputs = Object.keys(inputsOf("MultiArchImage").properties);
    expect(outputs).toContain("ref");
});

test("examples/app-go gives components what their schema takes", () => {
    const program = fs.readFileSync(path.join(root, "examples/app-go/main.go"), "utf8");
    const calls = [...program.matchAll(/&multiarch\.(\w+)Args\{\n([^]*?)\n\t+\}\)/g)];
    expect(calls).toHaveLength(1);
    for (const [, component, fields] of calls) {
        const names = [...fields!.matchAll(/^\t+([A-Z])(\w*):/gm)].map(
            ([, first, rest]) => first!.toLowerCase() + rest!,
        );
        expect(names.length).toBeGreaterThan(3);
        expectFits(component!, names);
    }
});

test("examples/app-python gives components what their schema takes", () => {
    // The names that Pulumi's generator gives: `<namespace>_<name>`, and arguments in snake case.
    const module = `${schema.namespace}_${schema.name}`.replaceAll("-", "_");
    const program = path.join(root, "examples/app-python/__main__.py");
    const text = execFileSync("python3", [path.join(__dirname, "consumer.py"), program, module], { encoding: "utf8" });
    const calls = JSON.parse(text) as [string, string[]][];
    expect(calls).toHaveLength(1);
    for (const [component, keywords] of calls) {
        const camel = keywords.map((word) => word.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()));
        expectFits(component, camel);
    }
});
