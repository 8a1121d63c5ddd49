import { execFile } from "node:child_process";
import { parsePod } from "./kubePod";

/** A worker as `buildctl debug workers` tells it. */
export interface PodWorker {
    labels: Record<string, string> | null;
    platforms: { architecture: string; os: string; variant?: string }[];
    buildkitVersion: { version?: string };
}

/** A call that failed, in words that say what to do. */
export class PodCallError extends Error {
    constructor(
        message: string,
        /** Whether trying again is of no use. */
        readonly permanent: boolean,
    ) {
        super(message);
    }
}

/** Asks the daemon in a pod for its workers, in the way that buildx reaches it for a build. */
export async function podWorkers(endpoint: string, timeoutMs: number): Promise<PodWorker[]> {
    const pod = parsePod(endpoint);
    const args = [`--context=${pod.context}`, `--namespace=${pod.namespace}`, "exec", `--container=${pod.container}`];
    const output = await kubectl([...args, pod.pod, "--", ...askForWorkers], timeoutMs);
    try {
        return JSON.parse(output) as PodWorker[];
    } catch {
        throw new PodCallError(`\`buildctl debug workers\` in the pod answered ${output.slice(0, 200)}`, true);
    }
}

const askForWorkers = ["buildctl", "debug", "workers", "--format", "{{json .}}"];

function kubectl(args: string[], timeoutMs: number): Promise<string> {
    return new Promise((resolve, reject) => {
        // A plugin that kubectl asks for credentials may outlive it and keep its output open: the signal ends the wait too.
        const options = { signal: AbortSignal.timeout(timeoutMs), env: process.env, maxBuffer: 1 << 20 };
        execFile("kubectl", args, options, (error, stdout, stderr) => {
            if (error) {
                reject(explainKubectl(error, stderr.trim(), timeoutMs));
            } else {
                resolve(stdout);
            }
        });
    });
}

function explainKubectl(error: Error & { code?: unknown }, stderr: string, timeoutMs: number): PodCallError {
    if (error.name === "AbortError") {
        return new PodCallError(`\`kubectl exec\` did not answer within ${timeoutMs / 1000} s`, false);
    }
    if (error.code === "ENOENT" || error.code === "EACCES") {
        const why = error.code === "ENOENT" ? "it is not on this machine's PATH" : error.message;
        return new PodCallError(
            `it is reached by \`kubectl exec\`, and kubectl cannot be started (${why}): install it, ` +
                "https://kubernetes.io/docs/tasks/tools/",
            true,
        );
    }
    const [, text, permanent] = kubectlFailures.find(([pattern]) => pattern.test(stderr)) ?? [undefined, "", false];
    const raw = complaint(stderr) ?? error.message.split("\n")[0]!;
    return new PodCallError(text ? `${text} (${raw})` : raw, permanent);
}

/** The line of kubectl's output that says what is wrong; its log and its advice stand around it. */
function complaint(stderr: string): string | undefined {
    const lines = stderr.split("\n").filter((line) => line.trim() !== "" && !/^[EIW]\d{4} /.test(line));
    return (lines.find((line) => /^(error|unable|the connection)\b/i.test(line)) ?? lines.at(-1))?.slice(0, 300);
}

const kubectlFailures: [pattern: RegExp, text: string, permanent: boolean][] = [
    [
        /\(Forbidden\)|is forbidden/,
        "the cluster denies `kubectl exec`: this identity needs `get` on pods and `create` on pods/exec there",
        true,
    ],
    [
        /Unauthorized|must be logged in|asked for the client to provide credentials|getting credentials/,
        "the cluster does not accept who this machine is: log in, or check the kubeconfig",
        true,
    ],
    [
        /context .*(does not exist|was not found)|[Ii]nvalid configuration|localhost:8080/,
        "kubectl knows no such cluster here: set KUBECONFIG, or log in to the cluster, for example with `aws eks update-kubeconfig`",
        true,
    ],
    [/is not valid for pod/, "the pod has no such container: check the endpoint's `container`", true],
    [
        /executable file not found|buildctl: (no such file|not found)/,
        "there is no buildctl in the container: its image must be BuildKit's",
        true,
    ],
    [/\(NotFound\)/, "there is no such pod: check the endpoint's name and namespace, and the replicas", false],
    [
        /does not have a host assigned/,
        "the pod waits for a node of the cluster: `kubectl describe pod` tells what it waits for",
        false,
    ],
    [
        /container not found|not running|completed pod|ContainerCreating/,
        "the container does not run (yet): `kubectl describe pod` and `kubectl logs` tell why",
        false,
    ],
];
