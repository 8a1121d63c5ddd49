import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import type { Builder } from "../../../components/builder";
import { recordText } from "../../../components/ci/recordText";
import type { Farm } from "../../../dev/local/farm";
import { type LocalRegistry, basicAuth } from "../../../dev/local/registry";
import { CiJob, type JobUser } from "../../support/ciScripts";
import { newestBuildx } from "../../support/machine";

/** The record of a test farm: a node named with a number at its end is a replica. */
export function farmRecord(farm: Farm): Builder {
    const replicaOf = (name: string) => Number(/-(\d)$/.exec(name)?.[1] ?? 0);
    return {
        name: "ci",
        nodes: farm.nodes.map(({ name, platforms, emulated, endpoint, serverName }) => {
            return { name: `ci-${name}`, platforms, emulated, endpoint, serverName, replica: replicaOf(name) };
        }),
        cacheRepositoryUrl: `${farm.registry.address}/cache`,
    };
}

interface FarmJobOptions {
    registries?: LocalRegistry[];
    buildx?: string;
    user?: JobUser;
    /** Whether every program that busybox has is busybox's, as in an Alpine image. */
    alpine?: boolean;
}

/** A CI job with a login at the registries and buildx, in which `builder-setup` has run. */
export async function farmJob(
    farm: Farm,
    base: string,
    name = "job",
    { registries = [farm.registry], buildx = newestBuildx, user, alpine = false }: FarmJobOptions = {},
): Promise<CiJob> {
    const job = new CiJob(base, name, user);
    job.addProgram("buildx", buildx);
    job.addPrograms(["dash", "busybox"]);
    if (alpine) {
        onlyBusybox(job);
    }
    logIn(job, registries, user);
    job.env.BUILDER_STATE = path.join(job.temp, "state");
    const { ca, cert, key } = farm.credentials;
    const env = { BUILDER_RECORD: recordText(farmRecord(farm)), BUILDER_CA: ca, BUILDER_CERT: cert, BUILDER_KEY: key };
    const { status, stderr } = await job.run("builder-setup", [], { env });
    if (status !== 0) {
        throw new Error(`builder-setup ended with ${String(status)}: ${stderr}`);
    }
    jobs.push(job);
    return job;
}

function onlyBusybox(job: CiJob): void {
    const busybox = fs.realpathSync(path.join(job.bin, "busybox"));
    const applets = spawnSync(busybox, ["--list"], { encoding: "utf8" }).stdout.split("\n");
    const there = fs.readdirSync(job.bin).filter((program) => applets.includes(program));
    there.forEach((program) => job.addProgram(program, busybox));
}

const jobs: CiJob[] = [];

/** Ends what `builder-setup` keeps running. */
export async function endJobs(): Promise<void> {
    for (const job of jobs.splice(0)) {
        await job.run("builder-setup", ["--cleanup"]);
    }
}

/** A login as `docker login` stores it. */
export function logIn(
    job: CiJob,
    registries: Pick<LocalRegistry, "address" | "username" | "password">[],
    user?: JobUser,
): void {
    const auths = Object.fromEntries(registries.map((registry) => [registry.address, { auth: basicAuth(registry) }]));
    job.env.DOCKER_CONFIG = path.join(job.home, "docker");
    fs.mkdirSync(job.env.DOCKER_CONFIG, { recursive: true });
    const file = path.join(job.env.DOCKER_CONFIG, "config.json");
    fs.writeFileSync(file, JSON.stringify({ auths }), { mode: 0o600 });
    if (user) {
        [job.env.DOCKER_CONFIG, file].forEach((each) => fs.chownSync(each, user.uid, user.gid));
    }
}

/** What a job left in its folder for temporary files. */
export function leftovers(job: CiJob): string[] {
    return fs.readdirSync(job.temp).filter((name) => name.startsWith("builder-"));
}
