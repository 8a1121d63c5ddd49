/** A file that cloud-init writes. */
export interface NodeFile {
    path: string;
    /** Octal digits, for example `0755`. */
    mode: string;
    content: string;
}

/** Renders cloud-config: files, then commands of the first boot. https://cloudinit.readthedocs.io/en/latest/reference/modules.html */
export function renderCloudConfig(files: readonly NodeFile[], commands: readonly string[][]): string {
    return [
        "#cloud-config",
        "write_files:",
        ...files.flatMap(fileLines),
        "runcmd:",
        ...commands.map((command) => `  - ${JSON.stringify(command)}`),
        "",
    ].join("\n");
}

function fileLines({ path, mode, content }: NodeFile): string[] {
    return [
        `  - path: ${JSON.stringify(path)}`,
        `    permissions: ${JSON.stringify(mode)}`,
        ...(isBlockText(content)
            ? [
                  "    content: |",
                  ...content
                      .slice(0, -1)
                      .split("\n")
                      .map((line) => (line === "" ? "" : `      ${line}`)),
              ]
            : [`    content: ${JSON.stringify(content)}`]),
    ];
}

/** Whether a text survives as a literal block: printable ASCII, the first line not indented, one newline at the end. */
function isBlockText(text: string): boolean {
    return /^[\x21-\x7e][\n\x20-\x7e]*\n$/.test(text) && !text.endsWith("\n\n") && !/^ +$/m.test(text);
}
