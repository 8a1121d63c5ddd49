import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { goEnvironment } from "../local/sample";

/** A Dockerfile with its context; `change` makes one file differ, `salt` makes all of it new. */
export interface Workload {
    name: string;
    /** Steps of the Dockerfile that are cached or run for each platform. */
    steps: number;
    write(dir: string, salt: string, change: string): void;
}

export const nativePlatforms = ["linux/amd64", "linux/386"];
const emulatedPlatform = "linux/arm64";
const functions = 2500;

/** Files and nothing to run: what a build costs besides its steps. */
export const copyOnly: Workload = {
    name: "copy-only",
    steps: 3,
    write(dir, salt, change) {
        fs.mkdirSync(dir, { recursive: true });
        fs.writeFileSync(path.join(dir, "Dockerfile"), "FROM scratch\nCOPY salt /\nCOPY data /\nCOPY change /\n");
        fs.writeFileSync(path.join(dir, "salt"), salt);
        fs.writeFileSync(path.join(dir, "data"), Buffer.alloc(8 << 20, `${salt} some data that a layer holds\n`));
        fs.writeFileSync(path.join(dir, "change"), change);
    },
};

/** Go's compiler on a generated source of many functions, for the platform's own architecture. */
export const compileHeavy: Workload = {
    name: "compile-heavy",
    steps: 5,
    write(dir, salt, change) {
        fs.mkdirSync(dir, { recursive: true });
        const text = `FROM scratch AS build
ARG TARGETARCH
COPY compile-\${TARGETARCH} /compile
COPY source.go /
RUN ["/compile", "-p", "main", "-c", "1", "-o", "/out.a", "/source.go"]
FROM scratch
COPY --from=build /out.a /
COPY change /
`;
        fs.writeFileSync(path.join(dir, "Dockerfile"), text);
        fs.writeFileSync(path.join(dir, "source.go"), generatedSource(salt));
        fs.writeFileSync(path.join(dir, "change"), change);
        for (const platform of [...nativePlatforms, emulatedPlatform]) {
            const architecture = platform.split("/")[1]!;
            fs.copyFileSync(compiler(platform), path.join(dir, `compile-${architecture}`));
        }
    },
};

/** A source that is all new for each salt and takes the compiler some seconds. */
export function generatedSource(salt: string): string {
    const lines = [`package main`, `// ${salt}`];
    for (let i = 0; i < functions; i++) {
        lines.push(
            `func f${i}(a, b []int, s string) (int, string) {`,
            `  m := map[string]int{"x${i}": ${i}, s: len(a)}`,
            `  for i, v := range a { if v%${(i % 7) + 2} == 0 { m[s] += v * b[i%len(b)] } else { s += "${i}" } }`,
            `  switch { case m[s] > ${i}: return m[s], s; case len(s) > ${i}: return len(s) * ${i}, s[1:] }`,
            `  return ${i}, s`,
            `}`,
        );
    }
    lines.push("func main() {}", "");
    return lines.join("\n");
}

/** Go's compiler for a platform, built once from the installed Go's own source. */
function compiler(platform: string): string {
    const file = path.resolve(__dirname, "../../.tools/bench", `compile-${platform.replaceAll("/", "-")}`);
    if (!fs.existsSync(file)) {
        fs.mkdirSync(path.dirname(file), { recursive: true });
        const env = { ...process.env, ...goEnvironment(platform), GOFLAGS: "", GOWORK: "off" };
        const args = ["build", "-trimpath", "-ldflags", "-s -w", "-o", `${file}.partial`, "cmd/compile"];
        const built = spawnSync("go", args, { env, encoding: "utf8" });
        if (built.status !== 0) {
            throw new Error(`building Go's compiler for ${platform} failed: ${built.stderr}`);
        }
        fs.renameSync(`${file}.partial`, file);
    }
    return file;
}
