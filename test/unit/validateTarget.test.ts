import * as pulumi from "@pulumi/pulumi";
import { args, describeProblems, problemsOf, record } from "./imageArguments";

const tagRule = "a tag holds letters, digits, `_`, `.` and `-`, 128 at most, not starting with `.` or `-`";

describe("tags, repositories and caches", () => {
    describeProblems([
        [
            "no tags",
            { tags: [] },
            '`tags`: must name at least one tag, for example ["1.4.2"], unless `push` is false (got [])',
        ],
        [
            "tags not given",
            { tags: undefined },
            '`tags`: must name at least one tag, for example ["1.4.2"], unless `push` is false',
        ],
        ["a tag with a space", { tags: ["a b"] }, `\`tags[0]\`: ${tagRule} (got "a b")`],
        [
            "a whole reference as tag",
            { tags: ["ghcr.io/acme/app:1"] },
            `\`tags[0]\`: ${tagRule}; only the tag belongs here, the repository into \`repositoryUrl\` (got "ghcr.io/acme/app:1")`,
        ],
        ["an empty tag", { tags: [""] }, `\`tags[0]\`: ${tagRule} (got "")`],
        ["a tag twice", { tags: ["a", "b", "a"] }, '`tags[2]`: is given twice, see `tags[0]` (got "a")'],
        ["a number as tag", { tags: [1.4] }, "`tags[0]`: must be text: put it in quotes (got 1.4)"],
        ["null as tag", { tags: [null] }, "`tags[0]`: must be text (got null)"],
        ["tags as a text", { tags: "1.4.2" }, '`tags`: must be a list, for example ["1.4.2"] (got "1.4.2")'],
        [
            "tags without push",
            { push: false },
            '`tags`: cannot be given when `push` is false: nothing is tagged then (got ["1.4.2"])',
        ],
        ["push as a text", { push: "no" }, '`push`: must be true or false (got "no")'],

        [
            "platform tags without architecture",
            { platformTags: "{tag}-x" },
            '`platformTags`: must hold `{tag}` and `{arch}`, and may hold `{os}`, for example `{tag}-{os}-{arch}` (got "{tag}-x")',
        ],
        [
            "platform tags that are no tags",
            { platformTags: "{tag}/{arch}" },
            '`platformTags`: does not make a tag: "1.4.2/amd64" (got "{tag}/{arch}")',
        ],
        [
            "platform tags that are tags too",
            { tags: ["1", "1-amd64"], platformTags: "{tag}-{arch}" },
            '`platformTags`: makes the tag "1-amd64", which `tags` names too (got "{tag}-{arch}")',
        ],

        [
            "a repository with a scheme",
            { repositoryUrl: "https://ghcr.io/a" },
            '`repositoryUrl`: must be without a scheme, for example 123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop/api (got "https://ghcr.io/a")',
        ],
        [
            "a repository with a tag",
            { repositoryUrl: "ghcr.io/a:1" },
            '`repositoryUrl`: must be a repository without a tag; tags go into `tags` (got "ghcr.io/a:1")',
        ],
        [
            "a cache repository in capitals",
            { cache: { repositoryUrl: "ghcr.io/A" } },
            '`cache.repositoryUrl`: must be lower case: letters and digits, separated by `.`, `_`, `-` and `/` (got "ghcr.io/A")',
        ],
        [
            "a cache ref that is the image's",
            { cache: { repositoryUrl: "ghcr.io/acme/app" }, tags: ["api-main-linux-arm64"] },
            '`tags`: is also the cache\'s ref, which would overwrite the image: choose another tag or cache repository (got "api-main-linux-arm64")',
        ],
        [
            "a cache ref that is a platform tag",
            {
                cache: { repositoryUrl: "ghcr.io/acme/app" },
                tags: ["api-main"],
                platformTags: "{tag}-{os}-{arch}",
                platforms: ["linux/arm64"],
            },
            '`tags`: is also the cache\'s ref, which would overwrite the image: choose another tag or cache repository (got "api-main-linux-arm64")',
        ],
        [
            "T71 a cache among immutable tags",
            { cache: { repositoryUrl: "ghcr.io/acme/app" }, movingTags: ["latest"], platforms: ["linux/arm64"] },
            "`cache.repositoryUrl`: is the image's repository, where the cache's tag api-main-linux-arm64 could be pushed once only: choose another, or name it in `movingTags` (got \"ghcr.io/acme/app\")",
        ],
        [
            "an empty scope",
            { cache: { scope: "" } },
            '`cache.scope`: must not be empty; leave it out for `main` (got "")',
        ],
        [
            "a switch as cache",
            { cache: false },
            "`cache`: must be an object with enabled, mode, scope, readOnly, repositoryUrl (got false)",
        ],
        ["a mode that does not exist", { cache: { mode: "all" } }, '`cache.mode`: must be one of max, min (got "all")'],
        [
            "a network that does not exist",
            { network: "bridge" },
            '`network`: must be one of default, host, none (got "bridge")',
        ],
        [
            "a strategy that does not exist",
            { strategy: "both" },
            '`strategy`: must be one of per-platform, single (got "both")',
        ],
    ]);

    test("platform tags that are too long for one platform only", () => {
        const tag = "a".repeat(128 - "-amd64".length);
        const change = { tags: [tag], platformTags: "{tag}-{arch}", platforms: ["linux/amd64", "linux/amd64/v3"] };
        const found = problemsOf(args({ ...change, builder: pulumi.output(record) }));
        expect(found).toHaveLength(1);
        expect(found[0]).toContain(`does not make a tag: "${tag}-amd64-v3"`);
    });
});
