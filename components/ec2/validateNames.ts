import { roleArnProblem } from "../arns";
import { checkNames, checkText } from "../farm/names";
import type { Note } from "../kinds";
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
    checkNames(args, note);
    checkText("wakeIdentity.roleArn", args.wakeIdentity?.roleArn, roleArnProblem, note);
    checkText("wakeIdentity.profile", args.wakeIdentity?.profile, profileProblem, note);
    checkText("dns.zoneId", args.dns?.zoneId, zoneIdProblem, note);
    checkDns(args, note);
}

function profileProblem(text: string): string | undefined {
    return /^\P{C}+$/u.test(text) ? undefined : "must be the name of a profile of the AWS configuration";
}

/** https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetHostedZone.html */
function zoneIdProblem(text: string): string | undefined {
    return /^Z[A-Z0-9]{0,31}$/.test(text) ? undefined : "must be the id of a zone, such as Z0123456789ABCDEFGHIJ";
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
