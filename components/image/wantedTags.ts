import * as pulumi from "@pulumi/pulumi";
import type { WantedTags } from "../registry/tagCheck";
import { platformTag } from "./names";
import type { Plan } from "./perPlatform";
import { type loginFor } from "./registries";

/** The tags to look up before a build; none when nothing is said about which may move, or nothing is pushed. */
export function wantedTags(
    { args, platforms, repositoryUrl }: Plan,
    login: ReturnType<typeof loginFor>,
): pulumi.Input<WantedTags | undefined> {
    const { movingTags, platformTags: pattern } = args;
    if (movingTags === undefined || args.push === false) {
        return undefined;
    }
    return pulumi.all([repositoryUrl, args.tags ?? [], login]).apply(([url, tags, found]) => {
        const { username, password } = found ?? {};
        const all = tags.flatMap((tag) => [
            tag,
            ...(pattern === undefined ? [] : platforms.map((platform) => platformTag(pattern, tag, platform))),
        ]);
        return {
            repositoryUrl: url,
            tags: all,
            movingTags,
            ...(username && password ? { login: { username, password } } : {}),
        };
    });
}
