import * as http from "node:http";
import * as https from "node:https";
import { registryHost } from "../image/names";
import { isLoopback } from "./tagCheck";

/** Checks of this process by host: the images of an update share it. */
const checks = new Map<string, Promise<void>>();

const triesSeconds = 10;

/**
 * Throws when a repository's registry does not answer at all within a time, before anything is built: BuildKit waits for
 * an answer without a limit. Whatever comes counts as an answer, a refusal too: builds tell about those by themselves.
 */
export function requireAnswer(repositoryUrl: string, seconds: number): Promise<void> {
    const host = registryHost(repositoryUrl);
    const check = checks.get(host) ?? waitForAnswer(host, seconds);
    checks.set(host, check);
    return check;
}

async function waitForAnswer(host: string, seconds: number): Promise<void> {
    // buildx goes through a proxy of the environment, and Node.js does not.
    if (
        ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"].some((name) => process.env[name] || process.env[name.toLowerCase()])
    ) {
        return;
    }
    const url = apiUrl(host);
    const deadline = Date.now() + seconds * 1000;
    for (let left = deadline - Date.now(); left > 0; left = deadline - Date.now()) {
        if (await answers(url, Math.min(left, triesSeconds * 1000))) {
            return;
        }
    }
    throw new Error(
        `the registry ${host} does not answer: GET ${url} had no answer in ${seconds} s. Nothing was built and no tag has ` +
            "moved. See to the registry and to the network between it and this machine; then run the update again",
    );
}

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md#determining-support */
function apiUrl(host: string): string {
    const server = host === "docker.io" ? "registry-1.docker.io" : host;
    return `${isLoopback(host) ? "http" : "https"}://${server}/v2/`;
}

/** Whether anything comes of a request: a response, or a failure that does not take its whole time. */
function answers(url: string, milliseconds: number): Promise<boolean> {
    return new Promise((resolve) => {
        const { get } = url.startsWith("https:") ? https : http;
        const request = get(url, { agent: false });
        const timer = setTimeout(() => finish(false), milliseconds);
        const finish = (answered: boolean) => {
            clearTimeout(timer);
            request.destroy();
            resolve(answered);
        };
        request.once("response", () => finish(true)).on("error", () => finish(true));
    });
}
