import { MultiArchBuilder } from "./components/multiArchBuilder";
import { present } from "./components/objects";
import { readConfiguration } from "./config";

const settings = readConfiguration();

const farm = new MultiArchBuilder(settings.builderName, settings.farm);

const image = settings.image && farm.buildImage(settings.image.name, settings.image.args);

const onAws = settings.farm.endpoints === undefined;

// Pulumi warns of outputs that are undefined: what this stack has nothing for is left out.
export = present({
    /** The builder's record, without secrets: for other stacks and for CI. */
    builder: farm.builder,
    /** The builder's client credentials (secret). */
    builderCredentials: farm.builderCredentials,
    /** What CI jobs are configured from: record, parameters, roles, and files for each system; see docs/ci-access.md. */
    ci: farm.ci,
    /** Name of the SSM parameter with the builder's record, for backends on AWS. */
    recordParameter: onAws ? farm.recordParameter : undefined,
    /** URLs of the image repositories that the stack created, by name. */
    repositoryUrls: farm.repositoryUrls,
    /** What the farm costs a month, an estimate, for backends on AWS. */
    monthlyCost: onAws ? farm.monthlyCost : undefined,
    /** The image with its first tag and digest. */
    ref: image?.ref,
    /** Digest of the image's index. */
    digest: image?.digest,
    /** The image's platforms. */
    platforms: image?.platforms,
    /** What was built, by platform: ref, digest and node. */
    images: image?.images,
    /** The ref of each platform's cache. */
    cacheRefs: image?.cacheRefs,
});
