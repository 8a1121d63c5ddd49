import type { Builder } from "../builder";
import { isEmulated } from "../buildx/native";
import { registryHost } from "../image/names";
import { present } from "../objects";
import { normalizePlatform } from "../platform";
import type { FarmCi } from "./arguments";
import type { CiFacts, CiFile } from "./facts";
import { recordText } from "./recordText";
import { ciFiles, ciSystems } from "./systems";

/** Everything that CI jobs are configured from. Plain data without secrets. */
export interface CiOutputs extends CiFacts {
    /** Configuration files by CI system, ready to be committed: of the systems that were given, or of all. */
    systems: Record<string, CiFile[]>;
}

/** What of the output only the access for CI systems knows; nothing for a farm without AWS. */
export type CiAccessFacts = Pick<
    CiFacts,
    | "region"
    | "recordParameter"
    | "pullRequestRecordParameter"
    | "credentialsParameters"
    | "pullRequestCredentialsParameters"
    | "roleArns"
>;

/** The output of a farm for CI. */
export function ciOutputs(
    builder: Builder,
    repositoryUrls: Record<string, string>,
    ci: FarmCi | undefined,
    access: CiAccessFacts,
): CiOutputs {
    const { imageRepositoryUrl, cacheRepositoryUrl, nodes } = builder;
    const pushed = imageRepositoryUrl ?? Object.values(repositoryUrls)[0];
    const native = nodes.flatMap((node) => node.platforms.filter((platform) => !isEmulated(node, platform)));
    const facts = present<CiFacts>({
        builderName: builder.name,
        record: recordText(builder),
        builder,
        ...access,
        registryHost: pushed === undefined ? undefined : registryHost(pushed),
        imageRepositoryUrl,
        repositoryUrls,
        cacheRepositoryUrl,
        access: nodes.some((node) => node.access?.kind === "ssm") ? "ssm" : "direct",
        platforms: [...new Set(native.map(normalizePlatform))],
    });
    const given = ciSystems.filter((system) => ci?.[system] !== undefined);
    const wanted = given.length > 0 ? given : ciSystems;
    return { ...facts, systems: Object.fromEntries(wanted.map((system) => [system, ciFiles(system, facts)])) };
}
