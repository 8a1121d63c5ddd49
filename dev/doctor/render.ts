import { styleText } from "node:util";
import { wrap } from "../progress/text";
import { type Group, type Row, groups, isReady } from "./evaluate";

const gap = "  ";
const stateWidth = 8;
const colours = { ok: "green", optional: "yellow", missing: "red", "too old": "red" } as const;

/** The table of every group: a row is as high as its longest cell, and how to get something stands below it. */
export function render(rows: Row[], width: number, stream?: NodeJS.WriteStream): string[] {
    const table = (group: Group) =>
        rows
            .filter((row) => row.group === group)
            .flatMap((row) => rowLines(row, Math.max(72, Math.min(width, 120)), stream));
    const heading = (group: Group) => `${group}: ${isReady(rows, group) ? "can be used" : "cannot be used yet"}`;
    return groups.flatMap((group) => ["", heading(group), ...table(group)]);
}

function rowLines(row: Row, width: number, stream?: NodeJS.WriteStream): string[] {
    const room = width - 1 - stateWidth - gap.length;
    const cellWidth = Math.floor((room - 2 * gap.length) / 3);
    const cells = [row.check, row.found, row.needed].map((text) => wrap(text, cellWidth));
    const state = row.state.padEnd(stateWidth);
    const coloured = stream ? styleText(colours[row.state], state, { stream }) : state;
    const lines = Array.from({ length: Math.max(...cells.map(({ length }) => length)) }, (_, i) => {
        const texts = cells.map((cell) => (cell[i] ?? "").padEnd(cellWidth));
        return [i === 0 ? coloured : " ".repeat(stateWidth), ...texts].join(gap).trimEnd();
    });
    const indent = " ".repeat(stateWidth) + gap;
    const how = row.how === undefined ? [] : wrap(row.how, room - gap.length);
    return [...lines, ...how.map((line, i) => `${indent}${i === 0 ? "> " : gap}${line}`)];
}
