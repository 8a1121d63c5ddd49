import type { Note } from "../kinds";
import { isObject } from "../objects";
import { isPlain } from "../problems";
import type { Ec2BuildersArgs } from "./arguments";

/** Checks what nodes install and which registries they talk to. */
export function validateRelease({ buildkit, proxy, registries, mirrors }: Ec2BuildersArgs, note: Note): void {
    if (buildkit) {
        const { version, amd64Sha256, arm64Sha256, baseUrl } = buildkit;
        if (!/^v\d+\.\d+\.\d+(-[a-z0-9.]+)?$/.test(version ?? "")) {
            note("buildkit.version", version, "must be a version such as v0.32.2");
        }
        for (const [property, value] of Object.entries({ amd64Sha256, arm64Sha256 })) {
            if (!/^[0-9a-f]{64}$/.test(value ?? "")) {
                note(
                    `buildkit.${property}`,
                    value,
                    "must be the SHA-256 of the release's tarball, 64 hexadecimal digits",
                );
            }
        }
        if (
            baseUrl !== undefined &&
            !(URL.canParse(baseUrl) && baseUrl.startsWith("https://") && !/[\s'"@]/.test(baseUrl))
        ) {
            note("buildkit.baseUrl", undefined, "must be an https URL without a password");
        }
    }
    for (const property of ["http", "https"] as const) {
        const url = proxy?.[property];
        if (url !== undefined && !/^https?:\/\/[A-Za-z0-9.[\]:-]+\/?$/.test(url)) {
            note(
                `proxy.${property}`,
                undefined,
                "must be http://host:port, without a password: user data is no place for one",
            );
        }
    }
    const host = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d+)?(\/[a-z0-9._/-]+)?$/;
    registries?.forEach(({ host: value }, i) => {
        if (!host.test(value ?? "") || value.includes("/")) {
            note(`registries[${i}].host`, value, "must be a registry's host, for example registry.acme.io:5000");
        }
    });
    mirrors?.forEach(({ registry, mirrors: hosts }, i) => {
        if (!host.test(registry ?? "") || registry.includes("/")) {
            note(`mirrors[${i}].registry`, registry, "must be a registry's host, for example docker.io");
        }
        (hosts ?? []).forEach((value, j) => {
            if (!host.test(value ?? "")) {
                note(`mirrors[${i}].mirrors[${j}]`, value, "must be a host, with a path if the mirror has one");
            }
        });
    });
}

/** Checks names, paths, tags and ARNs. */
export function validateNames(args: Ec2BuildersArgs, note: Note): void {
    const { namePrefix, parameterPrefix, rolePath, permissionsBoundary, kmsKeyArn, tags } = args;
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
    const levels = parameterPrefix?.split("/").length ?? 0;
    if (
        parameterPrefix !== undefined &&
        (!/^(\/[A-Za-z0-9_.-]+)+$/.test(parameterPrefix) || /^\/(aws|ssm)/i.test(parameterPrefix))
    ) {
        note(
            "parameterPrefix",
            parameterPrefix,
            "must be a path such as /ci/builders; AWS keeps /aws and /ssm for itself",
        );
    } else if (levels > 12 || (parameterPrefix?.length ?? 0) > 800) {
        note("parameterPrefix", parameterPrefix, "must have 11 levels and 800 characters at most");
    }
    if (rolePath !== undefined && (!/^\/([\x21-\x7e]+\/)?$/.test(rolePath) || rolePath.length > 512)) {
        note("rolePath", rolePath, "must start and end with `/`, for example /ci/");
    }
    if (isPlain(permissionsBoundary) && !/^arn:aws[a-z-]*:iam::(\d{12}|aws):policy\/.+/.test(permissionsBoundary)) {
        note("permissionsBoundary", permissionsBoundary, "must be the ARN of a policy, arn:aws:iam::…:policy/…");
    }
    if (isPlain(kmsKeyArn) && !/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[a-z0-9-]+$/.test(kmsKeyArn)) {
        note("kmsKeyArn", kmsKeyArn, "must be the ARN of a key, arn:aws:kms:…:key/…, not an alias or an id");
    }
    if (isObject(tags) && isPlain(tags)) {
        Object.keys(tags)
            .filter((key) => /^aws:/i.test(key) || key.length > 128)
            .forEach((key) =>
                note(
                    `tags[${JSON.stringify(key)}]`,
                    undefined,
                    "a tag must not start with `aws:` and has 128 characters at most",
                ),
            );
    }
}
