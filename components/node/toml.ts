/** A value of a TOML document. Undefined values and empty tables are left out. */
export type TomlValue = string | number | boolean | readonly string[] | TomlTable | readonly TomlTable[] | undefined;

/** A table of a TOML document. */
export interface TomlTable {
    readonly [key: string]: TomlValue;
}

/** Renders a TOML document: plain values before tables, keys in the order given. https://toml.io/en/v1.0.0 */
export function renderToml(document: TomlTable): string {
    return `${tableLines(document, []).join("\n").trim()}\n`;
}

function tableLines(table: TomlTable, path: string[]): string[] {
    const entries = Object.entries(table).filter(([, value]) => value !== undefined);
    const values = entries.filter(([, value]) => !isTable(value) && !isTableList(value));
    const lines = values.map(([key, value]) => `${renderKey(key)} = ${renderValue(value)}`);
    for (const [key, value] of entries) {
        const name = [...path, renderKey(key)];
        if (isTable(value)) {
            const inner = tableLines(value, name);
            const header = inner[0] !== undefined && inner[0] !== "" ? ["", `[${name.join(".")}]`] : [];
            lines.push(...header, ...inner);
        } else if (isTableList(value)) {
            lines.push(...value.flatMap((item) => ["", `[[${name.join(".")}]]`, ...tableLines(item, name)]));
        }
    }
    return lines;
}

function isTable(value: TomlValue): value is TomlTable {
    return typeof value === "object" && !Array.isArray(value);
}

function isTableList(value: TomlValue): value is readonly TomlTable[] {
    return Array.isArray(value) && value.length > 0 && typeof value[0] === "object";
}

function renderKey(key: string): string {
    return /^[A-Za-z0-9_-]+$/.test(key) ? key : renderString(key);
}

function renderValue(value: TomlValue): string {
    if (typeof value === "string") {
        return renderString(value);
    }
    if (Array.isArray(value)) {
        return `[${value.map((item) => renderString(item as string)).join(", ")}]`;
    }
    return JSON.stringify(value);
}

/** A basic string: JSON's escapes are all TOML's, which wants DEL escaped besides. */
function renderString(text: string): string {
    return JSON.stringify(text).replaceAll("\x7f", "\\u007f");
}
