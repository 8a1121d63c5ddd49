import { buildxRelease, buildxUrl } from "./buildxRelease";
import { readOptions } from "./commandLine";
import { verifyDownload, verifyImage, verifyRelease } from "./pins";
import { registryImage } from "../local/containers/images";
import { buildkitImage, buildkitRelease } from "../../components/node/pins";

const help = `Compares the pinned releases and images with what their publishers serve. Needs an open network.

Usage: npm run verify:pins [-- --base-url URL]

  --base-url URL  where the BuildKit releases are, for example a mirror of your own
                  (default: ${buildkitRelease.baseUrl})
  --help          this text

Exit codes: 0 all pins hold, 1 one does not or could not be checked, 2 wrong usage.
`;

async function main(): Promise<number> {
    const values = readOptions({ "base-url": { type: "string" } }, help);
    if (typeof values === "number") {
        return values;
    }
    const baseUrl = values["base-url"] ?? buildkitRelease.baseUrl;
    const checks = [
        ...Object.entries(buildkitRelease.sha256).map(
            ([architecture, sha256]) =>
                () =>
                    verifyRelease({ baseUrl, version: buildkitRelease.version, architecture, sha256 }),
        ),
        ...Object.entries(buildxRelease.sha256).map(
            ([architecture, sha256]) =>
                () =>
                    verifyDownload(buildxUrl(buildxRelease.baseUrl, buildxRelease.version, architecture), sha256),
        ),
        () => verifyImage(buildkitImage),
        () => verifyImage(registryImage),
    ];
    let failed = 0;
    for (const check of checks) {
        try {
            console.log(`ok      ${await check()}`);
        } catch (error) {
            failed++;
            console.error(`failed  ${(error as Error).message}`);
        }
    }
    console.log(`${checks.length - failed} of ${checks.length} pins hold`);
    return failed === 0 ? 0 : 1;
}

void main().then((code) => (process.exitCode = code));
