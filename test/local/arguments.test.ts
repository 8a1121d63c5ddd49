import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError, parseStartArguments } from "../../dev/local/arguments";
import { shellWords } from "../../dev/local/shellWords";

describe("arguments of npm start", () => {
    let project: string;
    const parse = (...args: string[]) => parseStartArguments(args, project, join(project, "apps"));

    beforeAll(() => {
        project = mkdtempSync(join(tmpdir(), "arguments-"));
        mkdirSync(join(project, "apps", "My App"), { recursive: true });
        writeFileSync(join(project, "apps", "My App", "Dockerfile"), "FROM scratch\n");
    });
    afterAll(() => rmSync(project, { recursive: true }));

    it("builds the sample for two platforms by default", () => {
        expect(parse()).toEqual({
            help: false,
            dir: join(project, ".local"),
            platforms: ["linux/amd64", "linux/arm64"],
            image: {
                name: "sample",
                sample: true,
                context: "examples/sample",
                buildArgs: {},
                tags: ["latest"],
                strategy: "per-platform",
                smokeTest: [["/hello", "--version"]],
            },
        });
    });

    it("takes paths from where the person stands and hands them on relative to the project", () => {
        const { image } = parse("--context", "My App", "--dockerfile", "My App/Dockerfile", "--target", "t");
        expect(image).toMatchObject({
            name: "my-app",
            sample: false,
            context: "apps/My App",
            dockerfile: "apps/My App/Dockerfile",
            target: "t",
            smokeTest: [],
        });
    });

    it("collects repeated flags and splits lists", () => {
        const args = ["--tag", "1", "--tag", "2", "--platforms", "linux/x86_64,linux/386", "--build-arg", "A=b=c"];
        const { image, platforms } = parse(...args, "--smoke-test", "/a 'b c'", "--smoke-test", "/d");
        expect(image).toMatchObject({ tags: ["1", "2"], buildArgs: { A: "b=c" }, smokeTest: [["/a", "b c"], ["/d"]] });
        expect(platforms).toEqual(["linux/amd64", "linux/386"]);
    });

    it("runs no smoke test with the strategy single", () => {
        expect(parse("--strategy", "single").image.smokeTest).toEqual([]);
    });

    it("keeps the URL of a remote context", () => {
        const { image } = parse("--context", "https://github.com/acme/Shop.git#main");
        expect(image).toMatchObject({ context: "https://github.com/acme/Shop.git#main", name: "shop" });
    });

    it.each([
        [["--contxt", "."], /--contxt: did you mean --context\?/],
        [["--platforms", "linux/amd46"], /linux\/amd64/],
        [["--platforms", "windows/amd64"], /only Linux/],
        [["--engine", "terraform"], /"terraform": use pulumi or rehearsal/],
        [["--nodes", "pods"], /"pods": use processes or containers/],
        [["--strategy", "both"], /per-platform or single/],
        [["--strategy", "single", "--smoke-test", "/a"], /--smoke-test cannot be used/],
        [["--tag=-x"], /"-x": use up to 128/],
        [["--tag=a b"], /"a b": use up to 128/],
        [["--build-arg", "A"], /KEY=VALUE/],
        [["--smoke-test", "a 'b"], /not closed/],
        [["--smoke-test", " "], /give a command/],
        [["--context", "nowhere"], /"nowhere": no such directory/],
        [["--name", "Not OK"], /"Not OK": use lower case/],
        [["extra"], /extra/],
    ])("refuses %j", (args, message) => {
        expect(() => parse(...args)).toThrow(UsageError);
        expect(() => parse(...args)).toThrow(message);
    });
});

describe("shell words", () => {
    it.each([
        ["/app --version", ["/app", "--version"]],
        ["  a\t b ", ["a", "b"]],
        [`a 'b "c' "d 'e"`, ["a", `b "c`, "d 'e"]],
        [`a\\ b "c\\"d" "e\\f" 'g\\h'`, ["a b", 'c"d', "e\\f", "g\\h"]],
        [`a '' ""b`, ["a", "", "b"]],
        [`pre'fix'"ed"`, ["prefixed"]],
        ["", []],
    ])("%j", (command, words) => expect(shellWords(command)).toEqual(words));
});
