/** The result of one check. */
export interface Finding {
    check: string;
    /** Name of the node that it is about. */
    node?: string;
    result: "ok" | "failed" | "skipped";
    /** What was measured, by name. */
    measured: Record<string, number>;
    detail: string;
}

/** Everything that a run found out. */
export interface Report {
    builder: string;
    findings: Finding[];
    /** What stays in the registry. */
    left: string[];
}

/** The findings for people. */
export function renderReport({ builder, findings, left }: Report): string[] {
    const rows = findings.map(({ check, node = "", result, detail }) => [result, check, node, detail]);
    const header = ["result", "check", "node", "what was found"];
    const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
    const line = (cells: string[]) => cells.map((cell, i) => cell.padEnd(i === 3 ? 0 : widths[i]!)).join("  ");
    const count = (result: Finding["result"]) => findings.filter((finding) => finding.result === result).length;
    return [
        `builder ${builder}`,
        "",
        line(header),
        ...rows.map(line),
        "",
        `${count("ok")} ok, ${count("failed")} failed, ${count("skipped")} skipped`,
        ...(left.length > 0
            ? ["", "Left in the registry, to be deleted by you:", ...left.map((ref) => `  ${ref}`)]
            : []),
    ];
}
