import { setTimeout as delay } from "node:timers/promises";
import { registryHost } from "../image/names";
import { isMovingTag } from "./movingTags";

/** The tags that an image is about to get. */
export interface WantedTags {
    /** The image's repository, without a tag. */
    repositoryUrl: string;
    tags: string[];
    /** Tags that may move, with `*` for any characters. */
    movingTags: string[];
    /** Login of the registry. */
    login?: { username: string; password: string };
}

/** What a registry knows of wanted tags. */
export interface TagLookup {
    /** Tags that exist already and may not move, with their digest. */
    taken: { tag: string; digest: string }[];
    /** Why the rest could not be looked up; undefined when it could. */
    unknown?: string;
}

/**
 * Throws when a wanted tag exists already and may not move, before anything is built: a registry with immutable tags would
 * refuse it only after the whole build. A registry that cannot be asked is left to refuse by itself; `warn` gets the reason.
 */
export async function refuseTakenTags(wanted: WantedTags, warn: (text: string) => void): Promise<void> {
    const { taken, unknown } = await lookUpTags(wanted);
    if (unknown !== undefined) {
        warn(`whether the tags exist already is not known: ${unknown}`);
    }
    if (taken.length === 0) {
        return;
    }
    const list = taken.map(({ tag, digest }) => `${tag}${digest ? ` (${digest})` : ""}`).join(", ");
    const moving = wanted.movingTags.length > 0 ? wanted.movingTags.join(", ") : "none";
    throw new Error(
        `${wanted.repositoryUrl} has the tag${taken.length > 1 ? "s" : ""} already: ${list}. Nothing was built. ` +
            "Choose a new tag for the new content; or, where a tag is meant to move, name it in `movingTags` " +
            `of the registry and of the image (now: ${moving})`,
    );
}

/** Asks the registry for each tag that may not move. */
export async function lookUpTags({ repositoryUrl, tags, movingTags, login }: WantedTags): Promise<TagLookup> {
    const fixed = [...new Set(tags)].filter((tag) => !isMovingTag(tag, movingTags));
    const answers = await Promise.all(fixed.map((tag) => lookUp(repositoryUrl, tag, login)));
    return {
        taken: answers.flatMap((answer, i) => ("digest" in answer ? [{ tag: fixed[i]!, digest: answer.digest }] : [])),
        unknown: answers.find((answer) => "unknown" in answer)?.unknown,
    };
}

type Answer = { digest: string; unknown?: undefined } | { free: true; unknown?: undefined } | { unknown: string };

const manifestTypes = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

const attempts = 3;

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md#checking-if-content-exists-in-the-registry */
async function lookUp(repositoryUrl: string, tag: string, login: WantedTags["login"]): Promise<Answer> {
    const host = registryHost(repositoryUrl);
    const repository = repositoryUrl.slice(repositoryUrl.indexOf("/") + 1);
    const url = `${isLoopback(host) ? "http" : "https"}://${host}/v2/${repository}/manifests/${tag}`;
    const headers: Record<string, string> = { accept: manifestTypes };
    if (login) {
        headers.authorization = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString("base64")}`;
    }
    for (let attempt = 1; ; attempt++) {
        const answer = await ask(url, host, headers);
        if (!("again" in answer)) {
            return answer;
        }
        if (attempt === attempts) {
            return { unknown: answer.again };
        }
        await delay(200 * 4 ** attempt);
    }
}

async function ask(url: string, host: string, headers: Record<string, string>): Promise<Answer | { again: string }> {
    let response: Response;
    try {
        // A login is for its own host: a redirect is not followed.
        const signal = AbortSignal.timeout(10_000);
        response = await fetch(url, { method: "HEAD", headers, redirect: "manual", signal });
    } catch (error) {
        const { cause, message } = error as Error & { cause?: Error };
        return { again: `${host} cannot be reached (${cause?.message || message})` };
    }
    const { status } = response;
    if (status === 200) {
        return { digest: response.headers.get("docker-content-digest") ?? "" };
    }
    if (status === 404) {
        return { free: true };
    }
    if (status === 401 && /^bearer/i.test(response.headers.get("www-authenticate") ?? "")) {
        return { unknown: `${host} wants a token; only registries with basic authentication, as ECR, are asked` };
    }
    const reason = `${host} answered ${status} ${response.statusText}`.trimEnd();
    return status === 429 || status >= 500 ? { again: reason } : { unknown: reason };
}

/** As buildx does, plain HTTP is for registries on this machine only. */
export function isLoopback(host: string): boolean {
    return /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/.test(host);
}
