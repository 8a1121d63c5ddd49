import { partitionDomains } from "../arns";

/** Why a text is no name of an ECR repository; undefined when it is one. */
export function repositoryNameProblem(name: unknown): string | undefined {
    if (typeof name !== "string" || name === "") {
        return "must be the name of a repository, for example shop/api";
    }
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(name) || /\.amazonaws\.|^arn:/i.test(name)) {
        return "must be a name alone, for example shop/api; one that exists already belongs into `existingRepositories`";
    }
    if (name.length < 2 || name.length > 256) {
        return `must have 2 to 256 characters, not ${name.length}`;
    }
    if (name !== name.toLowerCase()) {
        return `must be lower case: ${JSON.stringify(name.toLowerCase())}`;
    }
    if (/[:@]/.test(name)) {
        return "must be without a tag and without a digest; tags belong to images";
    }
    return ecrName.test(name)
        ? undefined
        : "must be lower-case letters and digits, separated by single `.`, `_`, `/`, by `__` or by `-`";
}

/** https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html */
const ecrName = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;

/** Why a text cannot stand before a repository's name; undefined when it can. */
export function namePrefixProblem(prefix: unknown): string | undefined {
    return repositoryNameProblem(typeof prefix === "string" ? `${prefix}x0` : prefix) === undefined
        ? undefined
        : "must be lower case, the beginning of a repository's name, for example acme- or acme/";
}

/** The parts of the ARN of an ECR repository. */
export interface RepositoryArn {
    partition: string;
    region: string;
    account: string;
    name: string;
}

/** Reads the ARN of an ECR repository; undefined when it is none. */
export function parseRepositoryArn(arn: string): RepositoryArn | undefined {
    const match = /^arn:(aws[a-z-]*):ecr:([a-z0-9-]+):(\d{12}):repository\/(.+)$/.exec(arn);
    const [partition, region, account, name] = match?.slice(1) ?? [];
    if (!partition || !region || !account || !name || repositoryNameProblem(name)) {
        return undefined;
    }
    return { partition, region, account, name };
}

/** The URL of a repository; undefined in a partition that is not known. */
export function repositoryUrl({ partition, region, account, name }: RepositoryArn): string | undefined {
    const domain = partitionDomains[partition];
    return domain && `${account}.dkr.ecr.${region}.${domain}/${name}`;
}

/** The ARN of the repository behind a URL; undefined when the URL is none of an ECR repository. */
export function repositoryArn(url: string): string | undefined {
    const match = /^(\d{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.([^/]+)\/(.+)$/.exec(url);
    const [account, region, domain, name] = match?.slice(1) ?? [];
    if (!account || !region || !domain || !name || repositoryNameProblem(name)) {
        return undefined;
    }
    const partition = region.startsWith("us-gov-")
        ? "aws-us-gov"
        : domain === "on.aws"
          ? "aws"
          : Object.keys(partitionDomains).find((key) => partitionDomains[key] === domain);
    return partition && `arn:${partition}:ecr:${region}:${account}:repository/${name}`;
}
