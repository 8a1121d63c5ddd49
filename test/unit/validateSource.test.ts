import { describeProblems } from "./imageArguments";

describe("context, Dockerfile and build inputs", () => {
    describeProblems([
        [
            "no such context",
            { context: "DIR/nowhere" },
            `\`context\`: no such directory; give a directory, relative to where the program runs (${process.cwd()}), or a URL (got "DIR/nowhere")`,
        ],
        [
            "a file as context",
            { context: "DIR/app/Dockerfile" },
            `\`context\`: is not a directory; give a directory, relative to where the program runs (${process.cwd()}), or a URL (got "DIR/app/Dockerfile")`,
        ],
        [
            "a context below a file",
            { context: "DIR/app/Dockerfile/x" },
            `\`context\`: no such directory; give a directory, relative to where the program runs (${process.cwd()}), or a URL (got "DIR/app/Dockerfile/x")`,
        ],
        [
            "a context with a zero byte",
            { context: "a\0b" },
            `\`context\`: no such directory; give a directory, relative to where the program runs (${process.cwd()}), or a URL (got "a\\u0000b")`,
        ],
        [
            "an empty context",
            { context: "DIR/empty" },
            '`context`: is an empty directory: there is nothing to build (got "DIR/empty")',
        ],
        [
            "no context at all",
            { context: "" },
            '`context`: must not be empty; `.` is the folder where the program runs (got "")',
        ],
        ["a number as context", { context: 5 }, "`context`: must be text: put it in quotes (got 5)"],
        [
            "no Dockerfile",
            { context: "DIR/bare" },
            '`dockerfile`: no such file; paths are relative to where the program runs (got "DIR/bare/Dockerfile")',
        ],
        [
            "a folder as Dockerfile",
            { dockerfile: "DIR/app" },
            '`dockerfile`: no such file; paths are relative to where the program runs (got "DIR/app")',
        ],
        [
            "two Dockerfiles",
            { dockerfile: "DIR/app/Dockerfile", dockerfileInline: "FROM scratch" },
            "`dockerfileInline`: cannot be given together with `dockerfile`: choose one",
        ],
        [
            "an empty Dockerfile",
            { dockerfileInline: "" },
            '`dockerfileInline`: must hold a Dockerfile with at least one FROM (got "")',
        ],
        [
            "a named context that is missing",
            { namedContexts: { sources: "DIR/empty" } },
            '`namedContexts["sources"]`: is an empty directory: there is nothing to build (got "DIR/empty")',
        ],
        [
            "a named context that is missing beside a URL",
            { context: "https://github.com/acme/app.git", namedContexts: { sources: "DIR/empty" } },
            '`namedContexts["sources"]`: is an empty directory: there is nothing to build (got "DIR/empty")',
        ],
        [
            "named contexts as a list",
            { namedContexts: ["x"] },
            '`namedContexts`: must be an object of names and texts (got ["x"])',
        ],
        [
            "a number as build argument",
            { buildArgs: { VERSION: 1.2 } },
            '`buildArgs["VERSION"]`: must be text: put it in quotes (got 1.2)',
        ],
        ["null as label", { labels: { a: null } }, '`labels["a"]`: must be text (got null)'],
        ["a text as secrets", { secrets: "hunter2" }, "`secrets`: must be an object of names and texts"],
        ["a number as secret", { secrets: { token: 12345 } }, '`secrets["token"]`: must be text: put it in quotes'],
        ["ssh as a text", { ssh: "default" }, '`ssh`: must be a list, for example [{ id: "default" }] (got "default")'],
    ]);
});
