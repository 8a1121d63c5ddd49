import { describeProblems, record } from "./imageArguments";

const single = "is not possible with strategy `single`: use `per-platform`, or take it out";
const byHalf = "is given by half; missing: ";
const needs = "`credentials` needs ca, cert and key as PEM text; missing: ";
const recordShape = "must be a builder's record, { name, nodes, … }: the output `builder` of the stack that owns it";

describe("smoke tests, logins, strategies and the builder", () => {
    describeProblems([
        [
            "a smoke test as a text",
            { smokeTest: "/app" },
            '`smokeTest`: must be a list, for example [["/app", "--version"]] (got "/app")',
        ],
        [
            "a smoke test command as a text",
            { smokeTest: ["/app --version"] },
            '`smokeTest[0]`: must be a list, for example ["/app", "--version"] (got "/app --version")',
        ],
        [
            "null as a smoke test command",
            { smokeTest: [null] },
            '`smokeTest[0]`: must be a list, for example ["/app", "--version"] (got null)',
        ],
        [
            "an empty command",
            { smokeTest: [[]] },
            '`smokeTest[0]`: must be a list of words, for example ["/app", "--version"] (got [])',
        ],
        [
            "an empty word first",
            { smokeTest: [["", "x"]] },
            '`smokeTest[0]`: must be a list of words, for example ["/app", "--version"] (got ["","x"])',
        ],
        ["a number as word", { smokeTest: [["/app", 1]] }, "`smokeTest[0][1]`: must be text: put it in quotes (got 1)"],
        [
            "a smoke test of what is not pushed",
            { smokeTest: [["/app"]], push: false, tags: [] },
            "`smokeTest`: runs the pushed image, so `push` must not be false",
        ],
        [
            "the same on some platforms",
            { smokeTest: [["/app"]], smokeTestPlatforms: ["linux/amd64"], push: false, tags: [] },
            "`smokeTest`: runs the pushed image, so `push` must not be false",
        ],
        [
            "smoke tests on another platform",
            { smokeTest: [["/app"]], smokeTestPlatforms: ["linux/386"] },
            '`smokeTestPlatforms[0]`: must be one of `platforms`: linux/amd64, linux/arm64 (got "linux/386")',
        ],
        [
            "smoke tests on no platform",
            { smokeTest: [["/app"]], smokeTestPlatforms: [] },
            "`smokeTestPlatforms`: must name at least one platform; leave it out for all of them (got [])",
        ],
        [
            "smoke test platforms alone",
            { smokeTestPlatforms: ["linux/amd64"] },
            '`smokeTestPlatforms`: needs `smokeTest`: there is nothing to run (got ["linux/amd64"])',
        ],

        [
            "a login without password",
            { registryCredentials: { username: "u" } },
            `\`registryCredentials\`: ${byHalf}password`,
        ],
        ["an empty login", { registryCredentials: {} }, `\`registryCredentials\`: ${byHalf}username, password`],
        [
            "a login as a text",
            { registryCredentials: "u:hunter2" },
            "`registryCredentials`: must be an object with username, password",
        ],
        [
            "a base image login without address",
            { registries: [{ username: "u", password: "hunter2" }] },
            `\`registries[0]\`: ${byHalf}address`,
        ],
        [
            "a number as password",
            { registries: [{ address: "a", username: "u", password: 12345 }] },
            "`registries[0].password`: must be text: put it in quotes",
        ],
        [
            "null as base image login",
            { registries: [null] },
            "`registries[0]`: must be an object with address, username, password",
        ],
        [
            "base image logins by name",
            { registries: { "ghcr.io": "hunter2" } },
            "`registries`: must be a list, for example [{ address, username, password }]",
        ],

        ["one build with smoke tests", { strategy: "single", smokeTest: [["/app"]] }, `\`smokeTest\`: ${single}`],
        [
            "one build with a login",
            { strategy: "single", registryCredentials: { username: "u", password: "p" } },
            `\`registryCredentials\`: ${single}`,
        ],
        ["one build with base image logins", { strategy: "single", registries: [] }, `\`registries\`: ${single}`],
        [
            "one build with platform tags",
            { strategy: "single", platformTags: "{tag}-{arch}" },
            `\`platformTags\`: ${single}`,
        ],

        [
            "no credentials",
            { credentials: undefined },
            "`credentials`: is missing: { ca, cert, key } as PEM text, for mutual TLS with the nodes",
        ],
        [
            "null as credentials",
            { credentials: null },
            "`credentials`: is missing: { ca, cert, key } as PEM text, for mutual TLS with the nodes",
        ],
        ["half of the credentials", { credentials: { ca: "x", cert: "y" } }, `\`credentials\`: ${needs}key`],
        ["a text as credentials", { credentials: "hunter2" }, `\`credentials\`: ${needs}ca, cert, key`],
        [
            "no builder",
            { builder: undefined },
            "`builder`: is missing: give the builder's record, an output of the stack that owns it",
        ],
        [
            "null as builder",
            { builder: null },
            "`builder`: is missing: give the builder's record, an output of the stack that owns it",
        ],
        [
            "a name as builder",
            { builder: "ci" },
            `\`builder\`: ${recordShape}; text has to be parsed, for example by \`pulumi.jsonParse\` (got "ci")`,
        ],
        ["a number as builder", { builder: 5 }, `\`builder\`: ${recordShape} (got 5)`],
        [
            "a bad builder name",
            { builder: { ...record, name: "CI" } },
            '`builder.name`: must start with a lower-case letter and hold only lower-case letters, digits, `.`, `_` and `-`, 63 at most (got "CI")',
        ],
        [
            "no repository anywhere",
            { builder: { ...record, imageRepositoryUrl: undefined } },
            "`repositoryUrl`: is missing, and the builder's record names no image repository",
        ],
    ]);
});
