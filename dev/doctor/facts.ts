/** A program as it was found; `version` is missing when it does not tell. */
export interface Program {
    path: string;
    version?: string;
    /** Why it does not run. */
    problem?: string;
}

/** A folder that is there or would be made. */
export interface Folder {
    path: string;
    /** Why it cannot be written. */
    problem?: string;
}

export interface Engine {
    context?: string;
    version?: string;
    os?: string;
    architecture?: string;
    rootless?: boolean;
    /** Why none answers, in the Docker CLI's words. */
    problem?: string;
}

/** Where AWS credentials would come from. Never a secret. */
export interface Credentials {
    source: string;
    /** Why they cannot be used as they are. */
    problem?: string;
}

/** What the machine is and has. Nothing here is judged. */
export interface Facts {
    platform: string;
    /** "Debian GNU/Linux 12 (bookworm)". */
    system: string;
    /** How programs are installed here. */
    packages?: "apt" | "brew";
    root: boolean;
    node: string;
    /** Packages of package.json that are not installed. */
    missingModules: string[];
    go?: Program;
    /** The newest Go that a go.mod of the tools asks for. */
    goWanted: string;
    runc?: Program;
    /** Tools of `npm run tools` that are not built. */
    missingTools: string[];
    freeGiB?: number;
    memoryGiB: number;
    kernel: string;
    overlay: boolean;
    cgroup: "v2" | "v1" | "none";
    /** The folder that `npm start` writes to. */
    project: Folder;
    /** Where buildx keeps the builders that are registered. */
    store: Folder;
    freePort?: number;
    docker?: Program;
    engine: Engine;
    /** The buildx that builds here: this repository's own, one in PATH, or the Docker CLI's. */
    buildx?: Program;
    /** Platforms that run here, natively or by an emulator that the kernel or BuildKit has. */
    native: string[];
    emulated: string[];
    python?: Program;
    /** Debian packages of programs that tests run. */
    missingTestPackages: string[];
    pulumi?: Program;
    pulumiNode?: Program;
    /** Versions of the docker-build plugin. */
    dockerBuild: string[];
    dockerBuildWanted: string;
    aws?: Program;
    credentials?: Credentials;
    region?: string;
    /** Who STS says we are; undefined when it was not asked. */
    identity?: { arn?: string; problem?: string };
    sessionPlugin?: Program;
    kubectl?: Program;
    /** Probes that failed, with why. */
    failures: string[];
}
