import type { Callable, Declaration, Property } from "./declarations";

const introduction = `# Reference

<!-- Generated from the doc comments in components/ by \`npm run docs\`; change them, not this page. -->

Everything that \`import … from "multiarch-builder"\` gives, as the sources say it. In other languages the component package in [plugin](../plugin) gives the same components, types and enums, without functions and methods: YAML as \`multiarch-builder:MultiArchImage\`, with the names below; Python with arguments in snake case, \`repository_url\` for \`repositoryUrl\`; Go with a capital, \`RepositoryUrl\`.

What is marked _required_ has to be given, and in an output is always there. A value marked _plain_ must be known when the program runs, since it decides which resources exist; any other may be an output of another resource or stack.
`;

/** The page for what a library exports. */
export function renderReference(declarations: Declaration[]): string {
    const of = <K extends Declaration["kind"]>(kind: K) =>
        declarations.filter((each): each is Extract<Declaration, { kind: K }> => each.kind === kind);
    const interfaces = of("interface").sort(byName);
    const argsOf = (name: string) => interfaces.filter((each) => each.name === name);
    const components = of("component").map((each) => ({ ...each, own: argsOf(each.args) }));
    const others = interfaces.filter(({ name }) => !components.some(({ args }) => args === name));
    const given = givenInParts(
        components.map(({ args }) => args),
        interfaces,
    );
    const renderType = (each: Interface) => renderInterface(each, given.has(each.name));
    return [
        introduction,
        contents({ Components: components, Functions: of("function"), Enums: of("enum"), Types: others }),
        "## Components",
        ...components.flatMap((each) => [renderComponent(each), ...each.own.map(renderType)]),
        "## Functions",
        ...of("function").map((each) => callable(`### ${each.name}`, each)),
        "## Enums",
        ...of("enum").sort(byName).map(renderEnum),
        "## Types",
        ...others.map(renderType),
    ].join("\n\n");
}

type Interface = Extract<Declaration, { kind: "interface" }>;

/** The interfaces that are written out in arguments, where each part may be known at another time. */
function givenInParts(args: string[], interfaces: Interface[]): Set<string> {
    const found = new Set<string>();
    const visit = (name: string) => {
        const { bases = [], properties = [] } = interfaces.find((each) => each.name === name) ?? {};
        if (!found.has(name)) {
            found.add(name);
            [...bases, ...properties.flatMap(({ nested }) => nested ?? [])].forEach(visit);
        }
    };
    args.forEach(visit);
    return found;
}

function contents(sections: Record<string, { name: string }[]>): string {
    const links = (names: { name: string }[]) => names.map(({ name }) => `[${name}](#${name.toLowerCase()})`);
    return Object.entries(sections)
        .map(([title, names]) => `- ${title}: ${links(names).join(", ")}`)
        .join("\n");
}

function renderComponent({ name, docs, args, outputs, methods }: Extract<Declaration, { kind: "component" }>): string {
    return [
        `### ${name}`,
        prose(docs),
        `Arguments: [${args}](#${args.toLowerCase()}). Outputs:`,
        outputs.map((output) => item(output, [])).join("\n"),
        ...methods.map((method) => callable(`#### ${name}.${method.name}`, method)),
    ].join("\n\n");
}

function renderInterface({ name, docs, bases, properties }: Interface, inParts: boolean): string {
    const inherited = bases.map((base) => `[${base}](#${base.toLowerCase()})`).join(" and ");
    const items = properties.map((each) =>
        item(each, [...(each.required ? ["required"] : []), ...(each.plain && inParts ? ["plain"] : [])]),
    );
    return [
        `### ${name}`,
        prose(docs),
        ...(inherited ? [`Everything of ${inherited}${items.length > 0 ? ", and:" : "."}`] : []),
        items.join("\n"),
    ].join("\n\n");
}

function item({ name, type, docs }: Property, marks: string[]): string {
    const marked = marks.map((mark) => `, _${mark}_`).join("");
    return `- \`${name}\` (${type}${marked}): ${oneLine(docs)}`;
}

function renderEnum({ name, docs, values }: Extract<Declaration, { kind: "enum" }>): string {
    const items = values.map((each) => `- \`${each.name}\`, \`"${each.value}"\`: ${oneLine(each.docs)}`);
    return [`### ${name}`, prose(docs), items.join("\n")].join("\n\n");
}

function callable(heading: string, { signature, docs }: Callable): string {
    return [heading, `\`\`\`ts\n${signature}\n\`\`\``, prose(docs)].join("\n\n");
}

function oneLine(docs: string): string {
    return prose(docs).replace(/\s+/g, " ");
}

/** A doc comment in Markdown: its examples fenced, other pages of this folder linked, nothing taken for HTML. */
function prose(docs: string): string {
    return docs
        .replace(/(?:^ {4}.*\n?)+/gm, (block) => `\`\`\`ts\n${block.replace(/^ {4}/gm, "").trimEnd()}\n\`\`\`\n`)
        .replace(/`[^`]*`|docs\/([\w/-]+\.md)|</g, (whole, page?: string) =>
            page ? `[${page}](${page})` : whole === "<" ? "\\<" : whole,
        );
}

function byName(a: { name: string }, b: { name: string }): number {
    return a.name < b.name ? -1 : 1;
}
