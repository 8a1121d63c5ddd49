import type { Facts } from "./facts";

interface Remedy {
    apt?: string;
    brew?: string;
    /** Everywhere else. */
    other: string;
}

const remedies = {
    node: { brew: "brew install node", other: "https://nodejs.org/en/download" },
    modules: { other: "npm ci" },
    // Debian's own may be older than 1.21, from which on Go fetches the version that it needs.
    go: { brew: "brew install go", other: "https://go.dev/dl/ (1.21 and later fetch the needed version)" },
    runc: { apt: "apt-get install runc", other: "install runc with the system's package manager" },
    docker: {
        apt: "apt-get install docker.io, or https://docs.docker.com/engine/install/",
        brew: "Docker Desktop, or brew install docker colima && colima start",
        other: "https://docs.docker.com/engine/install/",
    },
    buildx: {
        brew: "brew install docker-buildx",
        other: "`npm run tools` where Go is, or https://github.com/docker/buildx#installing",
    },
    python: {
        apt: "apt-get install python3 python3-venv",
        brew: "brew install python",
        other: "https://www.python.org",
    },
    pulumi: { brew: "brew install pulumi", other: "https://www.pulumi.com/docs/install/" },
    dockerBuild: { other: "the Pulumi CLI downloads it, or: pulumi plugin install resource docker-build" },
    aws: { apt: "apt-get install awscli", brew: "brew install awscli", other: "https://aws.amazon.com/cli/" },
    credentials: { other: "aws configure sso && aws sso login, or set AWS_PROFILE" },
    region: { other: "pulumi config set aws:region REGION, or set AWS_REGION" },
    sessionPlugin: {
        brew: "brew install --cask session-manager-plugin",
        other: "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html",
    },
    kubectl: { brew: "brew install kubectl", other: "https://kubernetes.io/docs/tasks/tools/" },
} satisfies Record<string, Remedy>;

/** How to get something on this machine. */
export function remedy(what: keyof typeof remedies, { packages }: Pick<Facts, "packages">): string {
    const known: Remedy = remedies[what];
    return (packages && known[packages]) ?? known.other;
}
