import * as fs from "node:fs";
import * as path from "node:path";
import { unpackDebian } from "../tools/debian";
import type { Workload } from "./workloads";

const kept = path.resolve(__dirname, "../../.tools/bench");
const architectures = ["amd64", "arm64"];
const functions = 400;

/** GCC on a generated source of many functions, for the platform's own architecture. */
export const gccHeavy: Workload = {
    name: "gcc",
    steps: 4,
    write(dir, salt, change) {
        fs.mkdirSync(dir, { recursive: true });
        const text = `FROM scratch AS build
ARG TARGETARCH
COPY gcc-\${TARGETARCH} /
COPY source.c /
RUN ["/cc1", "-ffreestanding", "-nostdinc", "-O2", "-quiet", "/source.c", "-o", "/out.s"]
FROM scratch
COPY --from=build /out.s /
COPY change /
`;
        fs.writeFileSync(path.join(dir, "Dockerfile"), text);
        fs.writeFileSync(path.join(dir, "source.c"), generatedC(salt));
        fs.writeFileSync(path.join(dir, "change"), change);
        for (const architecture of architectures) {
            const root = path.join(dir, `gcc-${architecture}`);
            // The compiler is the same in every round, and Node refuses to copy a link over itself.
            if (!fs.existsSync(root)) {
                fs.cpSync(path.join(kept, `gcc-${architecture}`), root, { recursive: true, verbatimSymlinks: true });
            }
        }
    },
};

/** Fetches GCC for both architectures, once; the reason where it cannot be had. Nothing is installed. */
export function prepareGcc(): string | undefined {
    try {
        architectures.forEach(fetchGcc);
        return undefined;
    } catch (error) {
        return `GCC's packages of Debian 12 cannot be had: ${(error as Error).message}`;
    }
}

function fetchGcc(architecture: string): void {
    const root = path.join(kept, `gcc-${architecture}`);
    if (fs.existsSync(root)) {
        return;
    }
    fs.mkdirSync(kept, { recursive: true });
    const unpacked = fs.mkdtempSync(`${root}.`);
    try {
        unpackDebian(architecture, ["cpp-12"], unpacked);
        const [triple] = fs.readdirSync(path.join(unpacked, "usr/lib/gcc"));
        fs.renameSync(path.join(unpacked, "usr/lib/gcc", triple!, "12/cc1"), path.join(unpacked, "cc1"));
        fs.rmSync(path.join(unpacked, "usr/share"), { recursive: true, force: true });
        fs.renameSync(unpacked, root);
    } finally {
        fs.rmSync(unpacked, { recursive: true, force: true });
    }
}

/** A source that is all new for each salt and takes the compiler some seconds. */
function generatedC(salt: string): string {
    const lines = [`/* ${salt} */`];
    for (let i = 0; i < functions; i++) {
        lines.push(
            `long f${i}(const long *a, const long *b, int n, char *s) {`,
            `  long m[16] = { ${i}, n };`,
            `  for (int k = 0; k < n; k++)`,
            `    if (a[k] % ${(i % 7) + 2} == 0) m[k & 15] += a[k] * b[k % (n + 1)]; else s[k & 63] ^= (char)(${i} + k);`,
            `  switch (m[n & 15] % 5) { case 0: return m[1] + ${i}; case 1: return m[2] * n; case 2: return s[3] << 2; }`,
            `  for (int k = 1; k < 15; k++) m[k] = m[k - 1] * 3 + m[k + 1] / (k + ${(i % 11) + 1});`,
            `  return m[7] ^ m[9];`,
            `}`,
        );
    }
    return `${lines.join("\n")}\n`;
}
