/** One resource of a run, for people and for `--json`. */
export interface TreeLine {
    urn: string;
    type: string;
    name: string;
    parent?: string;
    /** A grouping of the program's own: no cloud has it. */
    component?: boolean;
    op: "create" | "update" | "replace" | "same" | "delete" | "read" | "failed" | "not built";
    /** Answered from a model: nothing was created. */
    modelled: boolean;
    /** Name of a modelled resource that it depends on. */
    restsOn?: string;
    changed?: string[];
    note?: string;
    seconds?: number;
}

const marks: Record<TreeLine["op"], string> = {
    create: "+",
    update: "~",
    replace: "+-",
    same: " ",
    delete: "-",
    read: ">",
    failed: "!",
    "not built": "?",
};

/** The resources as an indented tree, with what was done and the seconds of each image. */
export function renderTree(lines: TreeLine[], dryRun: boolean): string[] {
    const urns = new Set(lines.map(({ urn }) => urn));
    const children = new Map<string, TreeLine[]>();
    for (const line of lines) {
        const parent = line.parent !== undefined && urns.has(line.parent) ? line.parent : "";
        children.set(parent, [...(children.get(parent) ?? []), line]);
    }
    const result: string[] = [];
    const walk = (parent: string, indent: string) => {
        for (const line of children.get(parent) ?? []) {
            const label = `${indent}${line.type} ${line.name}`;
            result.push(`${marks[line.op].padEnd(2)} ${label.padEnd(64)} ${describe(line)}`.trimEnd());
            walk(line.urn, `${indent}  `);
        }
    };
    walk("", "");
    return [...result, summary(lines, dryRun)];
}

/** Kinds of resources, in the order in which they are told. */
const groups: [name: string, types: RegExp][] = [
    ["network", /^aws:(vpc|route53|lb)\/|^aws:ec2\/(security|network|eip)|:(Service|NetworkPolicy)$/],
    ["compute", /^aws:ec2\/(instance|launchTemplate)|^aws:(eks|autoscaling)\/|^kubernetes:apps/],
    ["storage", /^aws:ebs\/|:(VolumeAttachment|StorageClass)$/],
    ["keys and parameters", /^aws:(kms|ssm)\/|^tls:|:(Secret|ConfigMap)$/],
    ["IAM", /^aws:iam\/|:ServiceAccount$/],
    ["registry", /^aws:ecr\//],
    ["monitoring", /^aws:cloudwatch\//],
    ["images", /^docker-build:/],
    ["other", /^/],
];

/** What a preview plans, by kind of resource; components, which no cloud has, stand last. */
export function renderGroups(lines: TreeLine[]): string[] {
    const kindOf = ({ type, component }: TreeLine) =>
        component ? "components" : groups.find(([, types]) => types.test(type))![0];
    const members = new Map<string, TreeLine[]>([...groups, ["components"] as const].map(([name]) => [name, []]));
    lines.forEach((line) => members.get(kindOf(line))!.push(line));
    const row = (line: TreeLine) => {
        const label = `${marks[line.op].padEnd(2)} ${line.type} ${line.name}`;
        return `  ${label.padEnd(72)} ${describe(line)}`.trimEnd();
    };
    const told = [...members].filter(([, own]) => own.length > 0);
    return [...told.flatMap(([name, own]) => [`${name} (${own.length})`, ...own.map(row), ""]), summary(lines, true)];
}

function describe({ op, changed = [], modelled, restsOn, note, seconds }: TreeLine): string {
    const words: Partial<Record<TreeLine["op"], string>> = {
        same: "unchanged",
        "not built": `not built: node is modelled (depends on ${restsOn})`,
    };
    const details = [
        words[op] ?? op,
        changed.length > 0 && op !== "same" ? `[${changed.join(", ")}]` : "",
        modelled ? "(modelled, not created)" : "",
        note === undefined ? "" : `(${note})`,
        seconds === undefined ? "" : `${seconds.toFixed(1)} s`,
    ];
    return details.filter((detail) => detail !== "").join(" ");
}

function summary(lines: TreeLine[], dryRun: boolean): string {
    const counts = new Map<string, number>();
    for (const { op, modelled } of lines) {
        const key = op === "same" ? "unchanged" : modelled ? `${op} (modelled)` : op;
        counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    const text = [...counts].map(([key, count]) => `${count} ${key}`).join(", ");
    return `${dryRun ? "Planned" : "Resources"}: ${text || "none"}`;
}
