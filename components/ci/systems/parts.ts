import { parseEcrHost } from "../../image/ecrHost";
import { registryHost } from "../../image/names";
import { type CiFacts, type CiFile, type CiRoleArns, type CiSystem, scriptsFolder as scripts } from "../facts";

/** A text as a YAML value, whatever is in it: JSON's strings are YAML's. https://yaml.org/spec/1.2.2/#chapter-7-flow-style-productions */
export function quoted(value: string): string {
    return JSON.stringify(value);
}

/** Lines of a mapping, indented; what is undefined is left out. */
export function mapping(entries: Record<string, string | undefined>, indent: number): string {
    const lines = Object.entries(entries).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return indented(lines.map(([key, value]) => `${key}: ${quoted(value)}`).join("\n"), indent);
}

/** A text with every line but empty ones indented. */
export function indented(text: string, indent: number): string {
    return text.replace(/^(?=.)/gm, " ".repeat(indent));
}

/** First lines of every file. */
export function header(facts: CiFacts, system: CiSystem): string {
    return `# Builds on the nodes of the builder ${facts.builderName}; written by \`npx multiarch-builder ci ${system}\`.\n`;
}

/** The repository that images go to; undefined when the farm has none. */
export function imageRepository(facts: CiFacts): string | undefined {
    return facts.imageRepositoryUrl ?? Object.values(facts.repositoryUrls)[0];
}

/** What the jobs of one system are made of. */
export interface Job {
    facts: CiFacts;
    /** Repository of the image, without a tag. */
    image: string;
    /** Host of its registry. */
    registry: string;
    /** Region of an ECR registry; undefined for any other, whose login is in variables. */
    ecrRegion?: string;
    /** Whether record and credentials are in SSM parameters; otherwise in a file and in secret variables. */
    onAws: boolean;
    roles: CiRoleArns;
    /** Whether pull requests have credentials of their own for the builder. */
    pullRequests: boolean;
}

/** What the jobs of a system are made of; undefined without a repository for images. */
export function jobOf(facts: CiFacts, system: CiSystem): Job | undefined {
    const image = imageRepository(facts);
    if (image === undefined) {
        return undefined;
    }
    const registry = registryHost(image);
    const onAws = facts.recordParameter !== undefined;
    return {
        facts,
        image,
        registry,
        ecrRegion: parseEcrHost(registry)?.region,
        onAws,
        roles: facts.roleArns?.[system] ?? {},
        pullRequests: onAws && facts.pullRequestRecordParameter !== undefined,
    };
}

/** The record as a file of the repository, for a farm without AWS. */
export function recordFile({ facts, onAws }: Job): CiFile[] {
    return onAws ? [] : [{ path: recordPath, content: facts.record.replace(/\n*$/, "\n") }];
}

const recordPath = `${scripts}/record`;

/** Secret variables of a farm without AWS: PEM text, or base64 of it. */
export const credentialVariables = ["BUILDER_CA", "BUILDER_CERT", "BUILDER_KEY"] as const;

/** Secret variables of a registry that is not ECR. */
export const registryVariables = ["REGISTRY_USER", "REGISTRY_PASSWORD"] as const;

/** The secret variables that a system has to hold; none with AWS and ECR. */
export function secretVariables({ onAws, ecrRegion }: Job): string[] {
    return [...(onAws ? [] : credentialVariables), ...(ecrRegion === undefined ? registryVariables : [])];
}

/** Variables of a job, without secrets. */
export function variables({ facts, image, registry }: Job, pullRequest = false): Record<string, string | undefined> {
    return {
        IMAGE: image,
        REGISTRY: registry,
        AWS_REGION: facts.region,
        BUILDER_RECORD_PARAMETER: pullRequest ? facts.pullRequestRecordParameter : facts.recordParameter,
    };
}

/** Connects the job with the builder. */
export function setup({ onAws }: Job): string {
    return `${scripts}/builder-setup${onAws ? "" : ` --record ${recordPath}`}`;
}

export const cleanup = `${scripts}/builder-setup --cleanup`;

/** Builds, tags and checks. */
export const build = `tags=$(${scripts}/builder-tags "$IMAGE" semver branch sha latest edge)
digest=$(${scripts}/builder-build -t "$tags" .)
${scripts}/builder-verify "$IMAGE@$digest"`;

/** Builds for every platform and pushes nothing; the repository names the cache that is read. */
export const buildOnly = `${scripts}/builder-build --cache read-only --no-push -t "$IMAGE" .`;

/** Logs in at the registry, with the login beside the builder's state, which goes with it. */
export function setupAndLogin(job: Job): string {
    return `${setup(job)}
eval "$(${scripts}/builder-setup --use)"
export DOCKER_CONFIG="$BUILDER_STATE/docker"
${login(job)}`;
}

export function login({ ecrRegion }: Pick<Job, "ecrRegion">): string {
    return ecrRegion === undefined
        ? `printf %s "$REGISTRY_PASSWORD" | docker login --username "$REGISTRY_USER" --password-stdin "$REGISTRY"`
        : `aws ecr get-login-password --region ${ecrRegion} | docker login --username AWS --password-stdin "$REGISTRY"`;
}

/** The job's identity token as the AWS CLI takes it; the role is in AWS_ROLE_ARN. https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-role.html#cli-configure-role-oidc */
export function webIdentity(variable: string): string {
    return `AWS_WEB_IDENTITY_TOKEN_FILE=$(mktemp)
trap 'rm -f "$AWS_WEB_IDENTITY_TOKEN_FILE"' EXIT
printf %s "$${variable}" >"$AWS_WEB_IDENTITY_TOKEN_FILE"
export AWS_WEB_IDENTITY_TOKEN_FILE`;
}

/** Installs what an Alpine image lacks; an image with both works as any user. */
export const awsCli = "command -v aws >/dev/null || apk add --no-cache aws-cli";

/** What a job needs of its image besides, when nodes are reached by Session Manager. */
export function imageNote({ facts, onAws }: Job): string {
    const needs = ["sh", "docker", ...(onAws ? ["aws"] : [])];
    const plugin = facts.access === "ssm" ? ", session-manager-plugin" : "";
    return `any image with ${needs.join(", ")}${plugin} works, as any user`;
}

/** Image of jobs: Docker's command line and buildx, no engine. https://hub.docker.com/_/docker */
export const dockerImage = "docker:28-cli";
