import * as pulumi from "@pulumi/pulumi";
import { describeProblems } from "./imageArguments";

const platformHint = (nearest: string) => `not a platform that BuildKit builds; did you mean "${nearest}"?`;
const linuxOnly = "only Linux images are built; use a platform such as linux/amd64 or linux/arm64";

describe("platforms", () => {
    describeProblems([
        [
            "a typo",
            { platforms: ["linux/arm46"] },
            `\`platforms[0]\`: ${platformHint("linux/arm64")} (got "linux/arm46")`,
        ],
        [
            "an architecture alone",
            { platforms: ["linux/amd64", "arm64"] },
            `\`platforms[1]\`: ${platformHint("linux/arm64")} (got "arm64")`,
        ],
        ["Windows", { platforms: ["windows/amd64"] }, `\`platforms[0]\`: ${linuxOnly} (got "windows/amd64")`],
        ["macOS", { platforms: ["darwin/arm64"] }, `\`platforms[0]\`: ${linuxOnly} (got "darwin/arm64")`],
        [
            "no platforms",
            { platforms: [] },
            "`platforms`: must name at least one platform, for example linux/arm64 (got [])",
        ],
        [
            "a platform twice",
            { platforms: ["linux/arm64", "linux/arm64/v8"] },
            '`platforms[1]`: is the same platform as `platforms[0]`: take one out (got "linux/arm64/v8")',
        ],
        [
            "a platform without a node",
            { platforms: ["linux/s390x"] },
            '`platforms[0]`: builder "ci" has no node for linux/s390x; it offers linux/amd64, linux/arm64: add a node, or take the platform out (got "linux/s390x")',
        ],
        [
            "platforms as a text",
            { platforms: "linux/amd64" },
            '`platforms`: must be a list, for example ["linux/amd64", "linux/arm64"] (got "linux/amd64")',
        ],
        ["null as platform", { platforms: [null] }, "`platforms[0]`: must be text, for example linux/arm64 (got null)"],
        [
            "platforms that are known later",
            { platforms: pulumi.output(["linux/amd64"]) },
            '`platforms`: must be a list, for example ["linux/amd64", "linux/arm64"]',
        ],
    ]);
});
