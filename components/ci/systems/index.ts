import type { CiFacts, CiFile, CiSystem } from "../facts";
import { circleciFiles } from "./circleci";
import { githubFiles } from "./github";
import { gitlabFiles } from "./gitlab";
import { harnessFiles } from "./harness";
import { type Job, jobOf } from "./parts";
import { tektonFiles } from "./tekton";

export type { CiFacts, CiFile, CiSystem } from "../facts";

const renderers: Readonly<Record<CiSystem, (job: Job) => CiFile[]>> = {
    github: githubFiles,
    gitlab: gitlabFiles,
    circleci: circleciFiles,
    harness: harnessFiles,
    tekton: tektonFiles,
};

/** The systems that configuration is rendered for. */
export const ciSystems = Object.keys(renderers) as CiSystem[];

/**
 * The files that make a CI system build on the farm, without secrets; the scripts that they call are apart. None when the
 * farm has no repository for images.
 */
export function ciFiles(system: CiSystem, facts: CiFacts): CiFile[] {
    const job = jobOf(facts, system);
    return job === undefined ? [] : renderers[system](job);
}
