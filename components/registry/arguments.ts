import type * as pulumi from "@pulumi/pulumi";

/** An ECR repository that exists already. It is used as it is: none of its settings is touched. */
export interface ExistingRepository {
    /** Its name in ECR, for example `shop/api`. Plain, because outputs list it by its name. */
    name: string;
    /** Its ARN. Without ARN and URL it is looked up by name in the provider's account and region. */
    arn?: pulumi.Input<string>;
    /** Its URL, `<account>.dkr.ecr.<region>.amazonaws.com/<name>`, instead of the ARN. */
    url?: pulumi.Input<string>;
}

/** Arguments of the ECR repositories for images and their caches. */
export interface BuildRegistryArgs {
    /**
     * Names of the image repositories to create, for example `shop/api`. The first one is the default of images that name
     * no repository. ECR's rules hold: 2 to 256 characters, lower case.
     * https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
     */
    repositories?: string[];
    /** Image repositories that exist already, after those in `repositories`. */
    existingRepositories?: ExistingRepository[];
    /**
     * Name of the cache repository to create. Defaults to the first image repository's name and `-cache`. Its tags are
     * mutable, since each build replaces them.
     */
    cacheRepository?: string;
    /** A cache repository that exists already, instead of a new one. Immutable tags are refused where it is looked up. */
    existingCacheRepository?: ExistingRepository;

    /**
     * Tags of images that may move, for example `latest`, `main`, `edge`; at most five, each with at most two `*` for any
     * characters. All others are immutable: pushed once. Defaults to none.
     * https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
     */
    movingTags?: string[];
    /** Whether every tag of an image may move. Defaults to false. */
    mutableTags?: boolean;

    /**
     * ARN of the KMS key that encrypts the repositories. Defaults to the account's own key for ECR, `aws/ecr`. A
     * repository keeps the key that it was created with.
     */
    kmsKeyArn?: pulumi.Input<string>;
    /** Whether a KMS key with yearly rotation is created for the repositories, about 1 USD a month. Defaults to false. */
    createKmsKey?: boolean;

    /**
     * Days after which an image without a tag expires: builds that failed half-way, and images whose tag has moved on.
     * What an index refers to has no tag of its own and is kept as long as the index is. Defaults to 30.
     */
    untaggedDays?: number;
    /**
     * Lifecycle policy of the created image repositories as JSON text, instead of the one of `untaggedDays`. Rules must be
     * sorted by priority. https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
     */
    lifecyclePolicy?: string;
    /** Days after which a cache that was replaced expires. Defaults to 1. */
    cacheUntaggedDays?: number;
    /** Days after which a cache expires that was not written any more, as after a branch is deleted. Defaults to 30. */
    cacheDays?: number;

    /** Accounts (12 digits), IAM roles or users (ARN) that may pull images. Defaults to none but the own account. */
    pullPrincipals?: pulumi.Input<string>[];
    /** Accounts (12 digits), IAM roles or users (ARN) that may pull and push images and caches. Defaults to none. */
    pushPrincipals?: pulumi.Input<string>[];
    /** Id of the AWS organization, for example `o-a1b2c3d4e5`, whose accounts may pull images. Defaults to none. */
    pullOrganizationId?: pulumi.Input<string>;

    /**
     * Whether the image repositories are deleted with all their images. Defaults to false: AWS refuses to delete one that
     * holds images, and the destroy says so. To remove them, set this, run an update, then destroy. The cache repository is
     * always deleted with what it holds.
     */
    forceDelete?: boolean;
    /** Put before the name of everything that is created. Defaults to nothing. */
    namePrefix?: string;
    /** Tags of everything that is created. Defaults to none. */
    tags?: pulumi.Input<Record<string, pulumi.Input<string>>>;
}
