import * as fs from "node:fs";

// https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
const machines: Record<number, string> = { 3: "386", 40: "arm", 62: "amd64", 183: "arm64" };

/** The architecture that a program or library is for, from its ELF header. */
export function architectureOf(file: string): string {
    const header = fs.readFileSync(file).subarray(0, 20);
    return header.toString("latin1", 0, 4) === "\x7fELF" ? (machines[header.readUInt16LE(18)] ?? "another") : "no ELF";
}

/** The code of a 32-bit program: its section `.text`. */
export function codeOf(file: string): Buffer {
    const bytes = fs.readFileSync(file);
    const sections = bytes.readUInt32LE(32);
    const [size, count, names] = [46, 48, 50].map((at) => bytes.readUInt16LE(at)) as [number, number, number];
    const field = (section: number, at: number) => bytes.readUInt32LE(sections + section * size + at);
    for (let section = 0; section < count; section++) {
        const name = field(names, 16) + field(section, 0);
        if (bytes.toString("latin1", name, name + 6) === ".text\0") {
            return bytes.subarray(field(section, 16), field(section, 16) + field(section, 20));
        }
    }
    throw new Error(`${file} has no section .text`);
}
