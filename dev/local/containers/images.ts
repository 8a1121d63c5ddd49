import { buildkitImage } from "../../../components/node/pins";

/** The container image of the registry, one digest for all architectures. */
export const registryImage = "registry:3.1.2@sha256:ddf754342cfc8acc51a56d5d0ab6af06826461864460636d8bd5c546dab2a7b8";

/** Images of the local nodes and the registry. */
export interface Images {
    buildkit: string;
    registry: string;
}

/** Variables that name other images, for example of a mirror. */
export const imageVariables = {
    buildkit: "MULTIARCH_BUILDER_BUILDKIT_IMAGE",
    registry: "MULTIARCH_BUILDER_REGISTRY_IMAGE",
} as const;

/** The pinned images, or those that the environment names. */
export function chosenImages(env: NodeJS.ProcessEnv = process.env): Images {
    return {
        buildkit: imageOf(env, imageVariables.buildkit, buildkitImage),
        registry: imageOf(env, imageVariables.registry, registryImage),
    };
}

function imageOf(env: NodeJS.ProcessEnv, variable: string, pinned: string): string {
    const image = env[variable] || pinned;
    if (!/^[a-z0-9][\w.:/@-]*$/.test(image)) {
        throw new Error(`${variable}=${JSON.stringify(image)}: use an image's name, for example ${pinned}`);
    }
    return image;
}
