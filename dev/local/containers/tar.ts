const block = 512;

/** A tar archive of small files that only root can read, for `docker cp -`. https://www.gnu.org/software/tar/manual/html_node/Standard.html */
export function tarOf(files: Record<string, string>): Buffer {
    const entries = Object.entries(files).flatMap(([name, text]) => {
        const content = Buffer.from(text);
        const padding = Buffer.alloc((block - (content.length % block)) % block);
        return [header(name, content.length), content, padding];
    });
    return Buffer.concat([...entries, Buffer.alloc(2 * block)]);
}

function header(name: string, size: number): Buffer {
    if (Buffer.byteLength(name) > 100) {
        throw new Error(`the name ${JSON.stringify(name)} is too long for a tar archive: use up to 100 bytes`);
    }
    const bytes = Buffer.alloc(block);
    const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, "0")}\0`;
    bytes.write(name, 0);
    bytes.write(octal(0o600, 8), 100);
    bytes.write(octal(0, 8), 108);
    bytes.write(octal(0, 8), 116);
    bytes.write(octal(size, 12), 124);
    bytes.write(octal(0, 12), 136);
    bytes.write(" ".repeat(8), 148);
    bytes.write("0", 156);
    bytes.write("ustar\x0000", 257);
    const sum = bytes.reduce((total, byte) => total + byte, 0);
    bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return bytes;
}
