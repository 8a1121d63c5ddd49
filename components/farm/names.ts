import type * as pulumi from "@pulumi/pulumi";
import { keyArnProblem, policyArnProblem } from "../arns";
import { repositoryProblem } from "../image/names";
import type { Note } from "../kinds";
import { isPlain } from "../problems";
import { checkTags } from "../tags";
import type { FarmResources } from "./resources";

/** Checks names, paths, tags and ARNs that backends have in common. */
export function checkNames(
    args: FarmResources & { imageRepositoryUrl?: pulumi.Input<string>; cacheRepositoryUrl?: pulumi.Input<string> },
    note: Note,
): void {
    const { namePrefix, rolePath } = args;
    if (
        namePrefix !== undefined &&
        (!/^[A-Za-z][A-Za-z0-9-]{0,23}$/.test(namePrefix) || /^(aws|ssm|sg-)/i.test(namePrefix))
    ) {
        note(
            "namePrefix",
            namePrefix,
            "must start with a letter and hold at most 24 letters, digits and `-`; AWS keeps `aws`, `ssm` and `sg-` for itself",
        );
    }
    checkParameterPrefix(args.parameterPrefix, note);
    // https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
    if (rolePath !== undefined && (!/^\/([\w+=,.@/-]+\/)?$/.test(rolePath) || rolePath.length > 512)) {
        note("rolePath", rolePath, "must start and end with `/` and have 512 characters at most, for example /ci/");
    }
    checkText("permissionsBoundary", args.permissionsBoundary, policyArnProblem, note);
    checkText("kmsKeyArn", args.kmsKeyArn, keyArnProblem, note);
    checkText("imageRepositoryUrl", args.imageRepositoryUrl, repositoryProblem, note);
    checkText("cacheRepositoryUrl", args.cacheRepositoryUrl, repositoryProblem, note);
    // A resource has a name of its own besides, and the name is a tag.
    checkTags(args.tags, 49, note);
}

/** Notes what is wrong with a text that is known. */
export function checkText(
    path: string,
    value: unknown,
    reasonOf: (text: string) => string | undefined,
    note: Note,
): void {
    const reason = isPlain(value) ? reasonOf(value as string) : undefined;
    if (reason) {
        note(path, value, reason);
    }
}

/** https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-parameter-name-constraints.html */
function checkParameterPrefix(prefix: string | undefined, note: Note): void {
    if (prefix === undefined) {
        return;
    }
    // Fifteen levels with `/server/arm64/cert` after it; and the record, which has three such names, in a parameter of 4 KiB.
    if (prefix.length > 512 || prefix.split("/").length > 12) {
        note("parameterPrefix", prefix, "must have 11 levels and 512 characters at most");
    } else if (!/^(\/[A-Za-z0-9_.-]+)+$/.test(prefix) || /^\/(aws|ssm)/i.test(prefix)) {
        note(
            "parameterPrefix",
            prefix,
            "must be a path such as /ci/builders; AWS keeps all that starts with /aws and /ssm for itself",
        );
    }
}
