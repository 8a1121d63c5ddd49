import * as fc from "fast-check";
import { smokeTestDockerfile } from "../../components/image/smokeTest";

const ref = `registry.test/api@sha256:${"a".repeat(64)}`;

/** The words of each RUN, read as Dockerfile reads its exec form: the JSON list behind the word RUN, in one line. */
function runs(dockerfile: string): string[][] {
    const [from, ...rest] = dockerfile.split("\n");
    expect(from).toBe(`FROM ${ref}`);
    expect(rest.pop()).toBe("");
    return rest.map((line) => {
        expect(line.startsWith("RUN [")).toBe(true);
        expect(line.endsWith("]")).toBe(true);
        return JSON.parse(line.slice("RUN ".length)) as string[];
    });
}

test("the text for ordinary commands", () => {
    expect(
        smokeTestDockerfile(ref, [
            ["/app", "--version"],
            ["/bin/sh", "-c", "true"],
        ]),
    ).toBe(`FROM ${ref}\nRUN ["/app","--version"]\nRUN ["/bin/sh","-c","true"]\n`);
});

test.each([
    ["quotes", ['say "hi"', "it's"]],
    ["newlines", ["a\nRUN rm -rf /", "\r\n", "\u2028\u2029"]],
    ["a heredoc", ["<<EOF", "cat <<-'EOF'", "a<b"]],
    ["a variable", ["$HOME", "${PATH:-x}", "\\$HOME"]],
    ["a trailing backslash", ["\\", "a\\", "`"]],
    ["unicode", ["größe", "日本語", "🚀"]],
    ["flags and comments", ["--mount=type=secret", "# no comment", "# syntax=x"]],
    ["empty words and blanks", ["/app", "", " ", "\t"]],
])("%s come back as they were", (_, words) => {
    expect(runs(smokeTestDockerfile(ref, [words]))).toEqual([words]);
});

test("any words come back as they were, one line a command, and no heredoc begins", () => {
    const words = fc.array(fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("<<", "<<EOF", "\\", "\n", "$")), {
        minLength: 1,
    });
    fc.assert(
        fc.property(fc.array(words), (commands) => {
            const dockerfile = smokeTestDockerfile(ref, commands);
            expect(runs(dockerfile)).toEqual(commands);
            expect(dockerfile).not.toContain("<");
            expect(dockerfile).not.toMatch(/\\$/m);
        }),
    );
});
