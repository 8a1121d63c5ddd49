import { gunzipSync } from "node:zlib";
import { isObject, type Properties, type Value } from "../rehearsal/properties";
import type { AwsResource } from "./record";

/** A resource of a Terraform plan. https://developer.hashicorp.com/terraform/internals/json-format */
interface PlannedResource {
    address: string;
    mode: "managed";
    type: string;
    name: string;
    values: Properties;
}

/** Where a resource refers to others, by attribute. */
interface ConfiguredResource {
    address: string;
    type: string;
    name: string;
    expressions: Expressions;
}

interface Expressions {
    [attribute: string]: { references: string[] } | Expressions[];
}

/** The parts of a plan as `terraform show -json` prints it that rules read. */
export interface Plan {
    format_version: string;
    terraform_version: string;
    planned_values: { root_module: { resources: PlannedResource[] } };
    configuration: { root_module: { resources: ConfiguredResource[] } };
}

/** Attributes that are maps, and not blocks. */
const maps = new Set(["tags", "dimensions"]);

/** The resources as the plan of the same program in Terraform. */
export function planOf(resources: AwsResource[]): Plan {
    const named = resources.map((resource) => ({ ...resource, ...placeOf(resource) }));
    const references = referencesTo(named);
    return {
        format_version: "1.2",
        terraform_version: "1.9.0",
        planned_values: {
            root_module: {
                resources: named.map(({ address, type, name, inputs }) => ({
                    address,
                    mode: "managed",
                    type,
                    name,
                    values: { ...attributesOf(inputs), ...userDataOf(inputs) },
                })),
            },
        },
        configuration: {
            root_module: {
                resources: named.map(({ address, type, name, inputs }) => ({
                    address,
                    type,
                    name,
                    expressions: expressionsOf(inputs, (text) =>
                        references(text).filter((reference) => !reference.startsWith(`${address}.`)),
                    ),
                })),
            },
        },
    };
}

function placeOf(resource: AwsResource): { type: string; name: string; address: string } {
    const type = terraformType(resource.type);
    const name = resource.name.replace(/[^A-Za-z0-9_-]/g, "_");
    return { type, name, address: `${type}.${name}` };
}

/** `aws:ec2/instance:Instance` is `aws_instance`; types outside the oldest module carry their module's name. */
export function terraformType(token: string): string {
    const [, module, kind] = /^aws:(\w+)\/(\w+):/.exec(token) ?? [];
    if (module === undefined || kind === undefined) {
        throw new Error(`${token} is no type of the AWS provider`);
    }
    // Terraform writes "openid" in one word.
    return `aws_${module === "ec2" ? "" : `${module}_`}${snakeCase(kind)}`.replace("open_id_", "openid_");
}

/** https://github.com/pulumi/pulumi-terraform-bridge/blob/main/pkg/tfbridge/names.go */
export function snakeCase(name: string): string {
    return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Blocks that repeat are plural in Pulumi and singular in Terraform; those that may be there once are objects in Pulumi. */
function attributesOf(inputs: Properties): Properties {
    return Object.fromEntries(
        Object.entries(inputs).map(([key, value]): [string, Value] => {
            if (Array.isArray(value) && value.some(isObject)) {
                return [singular(snakeCase(key)), value.map((item) => (isObject(item) ? attributesOf(item) : item))];
            }
            return [snakeCase(key), isObject(value) && !maps.has(key) ? [attributesOf(value)] : value];
        }),
    );
}

function singular(name: string): string {
    return name.replace(/ies$/, "y").replace(/s$/, "");
}

/** What the user data says: no rule looks into its encoded form, which launch templates have under the plain name. */
export function userDataOf({ userDataBase64, userData = userDataBase64 }: Properties): { user_data?: string } {
    if (typeof userData !== "string") {
        return {};
    }
    const bytes = Buffer.from(userData, "base64");
    const compressed = bytes[0] === 0x1f && bytes[1] === 0x8b;
    return { user_data: (compressed ? gunzipSync(bytes) : bytes).toString() };
}

function expressionsOf(inputs: Properties, references: (text: string) => string[]): Expressions {
    const expressions: Expressions = {};
    for (const [key, value] of Object.entries(inputs).filter(([key]) => !maps.has(key))) {
        const blocks = (Array.isArray(value) ? value : [value]).filter(isObject);
        if (blocks.length > 0) {
            const name = Array.isArray(value) ? singular(snakeCase(key)) : snakeCase(key);
            expressions[name] = blocks.map((block) => expressionsOf(block, references));
            continue;
        }
        const found = (Array.isArray(value) ? value : [value])
            .filter((item) => typeof item === "string")
            .flatMap(references);
        if (found.length > 0) {
            expressions[snakeCase(key)] = { references: [...new Set(found)] };
        }
    }
    return expressions;
}

/** Finds what a text refers to: an id or a name is the whole text, an ARN may be inside a policy. */
function referencesTo(resources: (AwsResource & { address: string })[]): (text: string) => string[] {
    const whole = new Map<string, string>();
    const arns: { arn: string; reference: string }[] = [];
    for (const { address, outputs } of resources) {
        for (const attribute of ["id", "name"] as const) {
            const value = outputs[attribute];
            if (typeof value === "string" && !whole.has(value)) {
                whole.set(value, `${address}.${attribute}`);
            }
        }
        if (typeof outputs.arn === "string") {
            arns.push({ arn: outputs.arn, reference: `${address}.arn` });
        }
    }
    return (text) => {
        const inside = arns.filter(({ arn }) => text.split(arn).slice(1).some(endsName)).map((each) => each.reference);
        const exact = whole.get(text);
        return exact === undefined ? inside : [exact, ...inside];
    };
}

/** Whether a name is over, as an ARN may be the start of a longer one. */
function endsName(rest: string): boolean {
    return !/^[\w/.-]/.test(rest);
}
