import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { type Outcome, runSteps } from "../steps";
import { type Checkout, addDocker, fileOf, jobFile } from "../workplace";
import { commit } from "./github";

interface CircleJob {
    environment: Record<string, string>;
    steps: (string | { run: { name: string; command: string; when?: string } })[];
}

/** The user of CircleCI's machine images. */
export const circleUser = { uid: 1001, gid: 1002 };

/** Runs a job as CircleCI does, in a checkout whose Makefile includes the rendered target. */
export function runCircle(checkout: Checkout, name: string, secrets: Record<string, string> = {}): Promise<Outcome> {
    addDocker(checkout);
    writeFileSync(join(checkout.job.dir, "Makefile"), "build:\n\tdocker build .\n\ninclude multiarch-builder.mk\n");
    const config = parse(fileOf(checkout, "config.yml")) as { jobs: Record<string, CircleJob> };
    const { environment, steps } = config.jobs[name]!;
    // https://circleci.com/docs/configuration-reference/#default-shell-options
    const shell = ["bash", "-eo", "pipefail"];
    return runSteps(
        checkout,
        steps
            .filter((step) => typeof step !== "string")
            .map(({ run }) => ({ name: run.name, script: run.command, shell, always: run.when === "always" })),
        {
            CI: "true",
            CIRCLECI: "true",
            CIRCLE_BRANCH: "main",
            CIRCLE_SHA1: commit,
            CIRCLE_BUILD_NUM: "1",
            CIRCLE_WORKFLOW_JOB_ID: "6d0b9e3c",
            CIRCLE_OIDC_TOKEN_V2: "token",
            BASH_ENV: jobFile(checkout, "bash-env"),
            ...checkout.place.cloud.env,
            ...environment,
            ...secrets,
        },
    );
}
