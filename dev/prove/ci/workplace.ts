import { randomUUID } from "node:crypto";
import { appendFileSync, chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { hash } from "bcryptjs";
import type { Builder } from "../../../components/builder";
import type { CiFacts, CiFile, CiSystem } from "../../../components/ci/systems";
import { ciFiles } from "../../../components/ci/systems";
import { recordText } from "../../../components/ci/recordText";
import { CiJob, type JobUser } from "../../../test/support/ciScripts";
import { processesOf } from "../../../test/support/processes";
import { fromProbe, writeContext } from "../../../test/support/project";
import { type Farm, startFarm } from "../../local/farm";
import { stopFarm } from "../../local/stopFarm";
import { toolsDir } from "../../tools/build";
import { findProgram } from "../../tools/requirements";
import { Skipped } from "../checks";
import { Cloud, region } from "./cloud";

const account = "123456789012";
const ecrHost = `${account}.dkr.ecr.${region}.amazonaws.com`;
const path = "/multiarch-builder/ci";
const roleArn = (name: string) => `arn:aws:iam::${account}:role/ci-${name}`;

/** The roles that the rendered configuration names. */
export const roles = { push: roleArn("push"), pullRequest: roleArn("pull-request") };

/** Parameters of the emulated account. */
export const parameters = {
    record: `${path}/ci`,
    pullRequestRecord: `${path}/ci-pr`,
    push: { region, ca: `${path}/client/ca`, cert: `${path}/client/cert`, key: `${path}/client/key` },
    pullRequest: { region, ca: `${path}/client-pr/ca`, cert: `${path}/client-pr/cert`, key: `${path}/client-pr/key` },
};

/** Everything that jobs meet: two nodes, a registry that asks for a login, AWS. */
export class Workplace {
    private constructor(
        readonly dir: string,
        readonly farm: Farm,
        readonly cloud: Cloud,
        readonly platforms: string[],
    ) {}

    static async open(log: (line: string) => void): Promise<Workplace> {
        const dir = mkdtempSync(join(tmpdir(), "prove-ci-"));
        const own = process.arch === "arm64" ? "arm64" : "amd64";
        const other = own === "amd64" ? "386" : "amd64";
        const nodes = [own, other].map((name) => ({ name, platforms: [`linux/${name}`] }));
        const cloud = await Cloud.start(log);
        try {
            const farm = await startFarm({ dir: join(dir, "farm"), nodes });
            // What ECR's token is made of: the emulator's password, for ECR's only user.
            const login = `AWS:${await hash(`${account}-auth-token`, 4)}\n`;
            appendFileSync(join(farm.dir, "registry/htpasswd"), login);
            const place = new Workplace(
                dir,
                farm,
                cloud,
                nodes.flatMap(({ platforms }) => platforms),
            );
            await place.publish(place.builder);
            return place;
        } catch (error) {
            await close(dir, cloud);
            throw error;
        }
    }

    /** Ends everything; returns the processes that are there still. */
    close(): Promise<string[]> {
        return close(this.dir, this.cloud);
    }

    /** Starts what is missing of the farm: a check may have put something else in the registry's place. */
    async reopenRegistry(): Promise<void> {
        await startFarm({ dir: this.farm.dir, nodes: this.farm.nodes });
    }

    get registry(): string {
        return this.farm.registry.address;
    }

    get builder(): Builder {
        return {
            name: "ci",
            nodes: this.farm.nodes.map(({ name, platforms, emulated, endpoint, serverName }) => {
                return { name: `ci-${name}`, platforms, emulated, endpoint, serverName };
            }),
            cacheRepositoryUrl: `${this.registry}/cache`,
            credentialsParameters: parameters.push,
        };
    }

    /** Writes the parameters that a stack writes. */
    async publish(builder: Builder, credentials = this.farm.credentials): Promise<void> {
        const { cloud } = this;
        await cloud.putParameter(parameters.record, "String", recordText(builder));
        const forPullRequests = { ...builder, credentialsParameters: parameters.pullRequest };
        await cloud.putParameter(parameters.pullRequestRecord, "String", recordText(forPullRequests));
        for (const { ca, cert, key } of [parameters.push, parameters.pullRequest]) {
            await cloud.putParameter(ca, "String", credentials.ca);
            await cloud.putParameter(cert, "String", credentials.cert);
            await cloud.putParameter(key, "SecureString", credentials.key);
        }
    }

    /** Facts of a farm on AWS with ECR, or of one without AWS whose registry has a password. */
    facts(repository: string, kind: FarmKind): CiFacts {
        const onAws = kind === "aws";
        const host = onAws ? ecrHost : this.registry;
        const { credentialsParameters, ...builder } = this.builder;
        return {
            builderName: builder.name,
            record: recordText(onAws ? this.builder : builder),
            builder: onAws ? this.builder : builder,
            imageRepositoryUrl: `${host}/${repository}`,
            cacheRepositoryUrl: `${host}/cache`,
            registryHost: host,
            repositoryUrls: {},
            access: "direct",
            platforms: this.platforms,
            ...(onAws
                ? {
                      region,
                      credentialsParameters,
                      recordParameter: parameters.record,
                      pullRequestRecordParameter: parameters.pullRequestRecord,
                      pullRequestCredentialsParameters: parameters.pullRequest,
                      roleArns: { github: roles, gitlab: roles, circleci: roles, harness: roles, tekton: roles },
                  }
                : {}),
        };
    }

    /** A checkout with the rendered files, in which the registry on this machine stands for ECR. */
    checkout(system: CiSystem, { kind = "aws", user, programs = [] }: CheckoutOptions = {}): Checkout {
        const repository = `shop/${system}-${randomUUID().slice(0, 8)}`;
        const files = ciFiles(system, this.facts(repository, kind)).map((file) => ({
            ...file,
            content: file.content.replaceAll(ecrHost, this.registry),
        }));
        const job = new CiJob(this.dir, `${system}-${randomUUID().slice(0, 8)}`, user);
        const steps = this.farm.nodes.some(({ emulated }) => emulated.length > 0) ? "" : 'RUN ["/probe"]\n';
        writeContext(job.dir, `${fromProbe}COPY VERSION /\n${steps}ENTRYPOINT ["/probe"]\n`, this.platforms, {
            VERSION: repository,
        });
        for (const { path: name, content } of files) {
            mkdirSync(dirname(join(job.dir, name)), { recursive: true });
            writeFileSync(join(job.dir, name), content);
        }
        job.addPrograms(["bash", "busybox", "make", "dirname", "touch", "dd", "ps", ...programs]);
        job.writeProgram("aws", this.cloud.cliFor(user));
        return { job, user, files, repository, place: this };
    }
}

async function close(dir: string, cloud: Cloud): Promise<string[]> {
    await cloud.stop();
    await stopFarm(join(dir, "farm"), { purge: true });
    const left = processesOf(dir);
    rmSync(dir, { recursive: true, force: true });
    return left.map(String);
}

export type FarmKind = "aws" | "plain";

interface CheckoutOptions {
    kind?: FarmKind;
    /** The user of the job; root when there is none. */
    user?: JobUser;
    /** Programs of this machine that the system's image has besides. */
    programs?: string[];
}

/** A job's checkout. */
export interface Checkout {
    job: CiJob;
    user?: JobUser;
    files: CiFile[];
    repository: string;
    place: Workplace;
}

/** The Docker command line with buildx as its plugin: the machine's own, with the pinned buildx. */
export function addDocker({ job }: Checkout): void {
    const docker = findProgram("docker");
    if (!docker) {
        throw new Skipped("no `docker` in PATH: it logs in at the registry");
    }
    job.writeProgram(
        "docker",
        `#!/bin/sh\nif [ "$1" = buildx ]; then shift; exec ${join(toolsDir, "buildx")} "$@"; fi\nexec ${docker} "$@"\n`,
    );
}

/** A file that the job may write, with a text. */
export function jobFile({ job, user }: Checkout, name: string, text = ""): string {
    const file = join(job.temp, name);
    writeFileSync(file, text);
    if (user) {
        chownSync(file, user.uid, user.gid);
    }
    chmodSync(file, 0o600);
    return file;
}

/** The text of a rendered file. */
export function fileOf({ files }: Checkout, end: string): string {
    const file = files.find((each) => each.path.endsWith(end));
    if (!file) {
        throw new Error(`no file ${end} was rendered`);
    }
    return file.content;
}
