/**
 * The parts of an ECR registry's host, also in other partitions and dual-stack.
 * https://github.com/awslabs/amazon-ecr-credential-helper/blob/v0.12.0/ecr-login/api/client.go
 */
export function parseEcrHost(host: string): { registryId: string; region: string } | undefined {
    const match = /^(\d{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9][a-z0-9-]*)\.(.+)$/.exec(host.toLowerCase());
    if (!ecrDomains.includes(match?.[3] ?? "")) {
        return undefined;
    }
    return match?.[1] && match[2] ? { registryId: match[1], region: match[2] } : undefined;
}

const ecrDomains = [
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "on.aws",
    "on.amazonwebservices.com.cn",
    "sc2s.sgov.gov",
    "c2s.ic.gov",
    "cloud.adc-e.uk",
    "csp.hci.ic.gov",
];
