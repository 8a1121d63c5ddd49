import { docker, succeeds } from "./docker";
import { Images, chosenImages } from "./images";
import { EngineError } from "./problems";

/** A Docker engine that answers and has the images of a farm. */
export interface Engine {
    /** Tells it from other engines that the CLI's context may reach. */
    id: string;
    /** Its CPU family in Go's words: it decides what is native, not this machine's. */
    architecture: string;
    images: Images;
    imageIds: string[];
}

const answerMs = 15_000;

/** Whether an engine answers. */
export async function engineAnswers(): Promise<boolean> {
    try {
        return await succeeds(["version", "--format", "{{.Server.Version}}"], { timeoutMs: answerMs });
    } catch {
        return false;
    }
}

/** Finds the engine and sees to it that it has the images; an error says why that cannot be. */
export async function prepareEngine(log: (line: string) => void, signal: AbortSignal): Promise<Engine> {
    const images = chosenImages();
    const answer = await docker(["version", "--format", "{{.Server.Os}} {{.Server.Arch}}"], { timeoutMs: answerMs });
    const [os = "", architecture = ""] = answer.split(" ");
    if (os !== "linux") {
        throw new EngineError(
            `the Docker engine runs ${os} containers, BuildKit needs Linux ones: switch Docker Desktop to Linux containers`,
        );
    }
    const imageIds: string[] = [];
    for (const image of [images.buildkit, images.registry]) {
        imageIds.push(await ensureImage(image, log, signal));
    }
    return { id: await engineId(), architecture, images, imageIds };
}

/** The id of the engine that the CLI's context reaches. */
export function engineId(): Promise<string> {
    return docker(["info", "--format", "{{.ID}}"], { timeoutMs: answerMs });
}

/** Pulls an image unless the engine has it; returns its id. */
async function ensureImage(image: string, log: (line: string) => void, signal: AbortSignal): Promise<string> {
    const inspect = ["image", "inspect", "--format", "{{.Id}}", image];
    if (!(await succeeds(inspect))) {
        const began = Date.now();
        log(`${image}: pulling`);
        await docker(["pull", "--quiet", image], { signal });
        log(`${image}: pulled in ${((Date.now() - began) / 1000).toFixed(1)} s`);
    }
    return docker(inspect);
}
