import { MultiArchBuilder } from "./components/multiArchBuilder";
import { readConfiguration } from "./config";

const settings = readConfiguration();

const farm = new MultiArchBuilder(settings.builderName, settings.farm);

// An output that resolves to nothing is warned of.
const onAws = settings.farm.endpoints === undefined;

const image = settings.image && farm.buildImage(settings.image.name, settings.image.args);

/** The builder's record, without secrets: for other stacks and for CI. */
export const builder = farm.builder;

/** The builder's client credentials (secret). */
export const builderCredentials = farm.builderCredentials;

/** Name of the SSM parameter with the builder's record, for backends on AWS. */
export const recordParameter = onAws ? farm.recordParameter : undefined;

/** URLs of the image repositories that the stack created, by name. */
export const repositoryUrls = farm.repositoryUrls;

/** What the farm costs a month, an estimate, for backends on AWS. */
export const monthlyCost = onAws ? farm.monthlyCost : undefined;

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
