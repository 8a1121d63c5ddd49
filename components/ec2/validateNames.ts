import { keyArnProblem, policyArnProblem, roleArnProblem } from "../arns";
import { repositoryProblem } from "../image/names";
import type { Note } from "../kinds";
import { isPlain } from "../problems";
import { checkTags } from "../tags";
import { serverNameProblem } from "../tls/names";
import type { Ec2BuildersArgs } from "./arguments";
import { ec2TlsNodes } from "./settings";

/** Checks the release of BuildKit that nodes install. */
export function validateRelease({ buildkit }: Ec2BuildersArgs, note: Note): void {
    if (!buildkit) {
        return;
    }
    const { version, amd64Sha256, arm64Sha256, baseUrl } = buildkit;
    if (!/^v\d+\.\d+\.\d+(-[a-z0-9.]+)?$/.test(version ?? "")) {
        note("buildkit.version", version, "must be a version such as v0.32.2");
    }
    for (const [property, value] of Object.entries({ amd64Sha256, arm64Sha256 })) {
        if (!/^[0-9a-f]{64}$/.test(value ?? "")) {
            note(`buildkit.${property}`, value, "must be the SHA-256 of the release's tarball, 64 hexadecimal digits");
        }
    }
    if (baseUrl !== undefined && !/^https:\/\/[A-Za-z0-9][A-Za-z0-9.:-]*(\/[A-Za-z0-9._~%/-]*)?$/.test(baseUrl)) {
        note("buildkit.baseUrl", undefined, "must be an https URL without a password, a query and quotes");
    }
}

/** Checks names, paths, tags and ARNs. */
export function validateNames(args: Ec2BuildersArgs, note: Note): void {
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
    if (rolePath !== undefined && (!/^\/([\x21-\x7e]+\/)?$/.test(rolePath) || rolePath.length > 512)) {
        note("rolePath", rolePath, "must start and end with `/` and have 512 characters at most, for example /ci/");
    }
    checkText("permissionsBoundary", args.permissionsBoundary, policyArnProblem, note);
    checkText("kmsKeyArn", args.kmsKeyArn, keyArnProblem, note);
    checkText("wakeIdentity.roleArn", args.wakeIdentity?.roleArn, roleArnProblem, note);
    checkText("imageRepositoryUrl", args.imageRepositoryUrl, repositoryProblem, note);
    checkText("cacheRepositoryUrl", args.cacheRepositoryUrl, repositoryProblem, note);
    // A resource has a name of its own besides, and the name is a tag.
    checkTags(args.tags, 49, note);
    checkDns(args, note);
}

function checkText(path: string, value: unknown, reasonOf: (text: string) => string | undefined, note: Note): void {
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
    // Fifteen levels and 1011 characters with the ARN before it; `/server/arm64/cert` comes after it.
    if (prefix.length > 800 || prefix.split("/").length > 12) {
        note("parameterPrefix", prefix, "must have 11 levels and 800 characters at most");
    } else if (!/^(\/[A-Za-z0-9_.-]+)+$/.test(prefix) || /^\/(aws|ssm)/i.test(prefix)) {
        note(
            "parameterPrefix",
            prefix,
            "must be a path such as /ci/builders; AWS keeps all that starts with /aws and /ssm for itself",
        );
    }
}

function checkDns(args: Ec2BuildersArgs, note: Note): void {
    const { dns } = args;
    const zone = dns?.zoneName;
    if (dns && (zone === undefined || serverNameProblem(zone) || zone !== zone.toLowerCase())) {
        const example = "must be a domain name in lower case such as builders.internal, without a dot at its end";
        note("dns.zoneName", zone, example);
        return;
    }
    const wrong = ec2TlsNodes("b", args).find(({ serverName }) => serverNameProblem(serverName));
    if (wrong) {
        note("dns.zoneName", zone, `makes no valid host name for a node's certificate: ${wrong.serverName}`);
    }
}
