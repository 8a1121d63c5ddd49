import { lastLines } from "../../tools/requirements";
import { imageVariables } from "./images";

/** Something about the Docker engine that a person can put right; the message says how. */
export class EngineError extends Error {}

interface Rule {
    pattern: RegExp;
    /** What it means and what to do. */
    advice: string;
}

// The words of the CLI, the engine, containerd and BuildKit; the first rule that fits counts.
const rules: Rule[] = [
    {
        pattern: /no space left on device|disk quota exceeded/i,
        advice:
            "the engine's disk is full: see what fills it with `docker system df`, free space with `docker system prune`, " +
            "or give Docker Desktop's disk more (Settings, Resources)",
    },
    {
        pattern: /permission denied while trying to connect|connect: permission denied/i,
        advice:
            "this user may not use the engine: join its group with `sudo usermod -aG docker $USER` and log in anew, or use " +
            "a rootless engine of your own (https://docs.docker.com/engine/security/rootless/)",
    },
    {
        pattern:
            /cannot connect to the docker daemon|error during connect|is the docker daemon running|connection refused.*docker|no answer in \d+ s/i,
        advice:
            "no Docker engine answers: start Docker Desktop or the service (`sudo systemctl start docker`), or choose " +
            "another engine with `docker context use` or DOCKER_HOST",
    },
    {
        pattern: /context .*not found|unable to resolve docker endpoint/i,
        advice: "the Docker CLI's context does not exist: see `docker context ls`, DOCKER_CONTEXT and DOCKER_HOST",
    },
    {
        pattern: /port is already allocated|address already in use|ports are not available/i,
        advice: "the port was taken in the meantime: run it again, it takes free ones",
    },
    {
        pattern:
            /privileged mode is incompatible|unable to apply caps|privileged.*(not allowed|not permitted|forbidden|denied|disabled|not supported)|(denied|forbid\w*|disallow\w*).*privileged/i,
        advice:
            "the engine refuses privileged containers, which BuildKit needs to run build steps: allow them there, choose " +
            "another engine with `docker context use`, or on Linux as root use --nodes processes",
    },
    {
        pattern: /authorization denied by plugin/i,
        advice:
            "a policy of the engine refuses this; BuildKit needs privileged containers: ask whoever runs the engine to " +
            "allow them, choose another engine with `docker context use`, or on Linux as root use --nodes processes",
    },
];

const pullAdvice =
    "the image cannot be pulled: check the network, a proxy's settings in the engine and `docker login`, or name a " +
    `mirror's image with ${imageVariables.buildkit} or ${imageVariables.registry}`;

const logAdvice = "see the engine's own log, or `docker info`";

/** The error of a failed call, with its remedy; the engine's own words come last. */
export function explained(args: string[], output: string): EngineError {
    const said = lastLines(output.replace(/^See '.*'$/gm, "").trim(), 3).trim();
    const advice =
        rules.find(({ pattern }) => pattern.test(output))?.advice ?? (args[0] === "pull" ? pullAdvice : logAdvice);
    return new EngineError(`\`docker ${commandOf(args)}\` failed: ${advice}\n  ${said.replaceAll("\n", "\n  ")}`);
}

/** The remedy for what a daemon in a container wrote to its log, where one is known. */
export function adviceFor(log: string): string | undefined {
    return rules.find(({ pattern }) => pattern.test(log))?.advice;
}

/** What was called, without its options. */
function commandOf([verb = "", ...rest]: string[]): string {
    const nouns = ["container", "image", "volume", "network", "system"];
    return nouns.includes(verb) ? `${verb} ${rest[0] ?? ""}` : verb === "pull" ? `pull ${rest.at(-1) ?? ""}` : verb;
}
