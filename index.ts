import { MultiArchBuilder } from "./components";
import { readConfiguration } from "./config";

const settings = readConfiguration();

const farm = new MultiArchBuilder(settings.builderName, {
    endpoints: settings.endpoints,
    credentials: settings.credentials,
    registry: settings.registry,
    registryCredentials: settings.registryCredentials,
});

const image = settings.image && farm.buildImage(settings.image.name, settings.image.args);

/** The builder's record, without secrets: for other stacks and for CI. */
export const builder = farm.builder;

/** The builder's client credentials (secret). */
export const builderCredentials = farm.builderCredentials;

/** The image with its first tag and digest. */
export const ref = image?.ref;

/** Digest of the image's index. */
export const digest = image?.digest;

/** The image's platforms. */
export const platforms = image?.platforms;

/** What was built, by platform: ref, digest and node. */
export const images = image?.images;

/** The ref of each platform's cache. */
export const cacheRefs = image?.cacheRefs;
