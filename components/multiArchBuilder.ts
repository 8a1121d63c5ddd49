import * as pulumi from "@pulumi/pulumi";
import type { Builder, BuilderCredentials } from "./builder";
import { BuilderRegistration } from "./builderRegistration";
import type { FarmCi } from "./ci/arguments";
import { type CiOutputs, ciOutputs } from "./ci/outputs";
import type { MonthlyCost } from "./cost/monthlyCost";
import type { FarmEc2 } from "./ec2/arguments";
import type { FarmEks } from "./eks/arguments";
import { type BuilderEndpoint, endpointNodes } from "./endpoints";
import type { Backend } from "./farm/backend";
import { ciModule, ec2Module, eksModule } from "./farm/lazily";
import { builderRecord } from "./farm/record";
import { type FarmRegistry, type Repositories, farmRepositories, farmTarget } from "./farm/registry";
import type { FarmResources } from "./farm/resources";
import { validateFarm } from "./farm/validate";
import { BuildStrategy, type ImageBuildArgs, type RegistryCredentials } from "./image/arguments";
import { claimBuilderName } from "./image/claims";
import { MultiArchImage } from "./image/multiArchImage";
import { without } from "./objects";
import { normalizePlatform } from "./platform";
import { Problems } from "./problems";
import type { FarmTls } from "./tls/arguments";

/** Arguments of the whole farm. Exactly one of `ec2`, `eks` and `endpoints` says where BuildKit runs. */
export interface MultiArchBuilderArgs extends FarmResources {
    /**
     * Name of the buildx builder. Defaults to the component's name. Lower case, starts with a letter, then letters,
     * digits, `.`, `_`, `-`; it must not end in an architecture.
     */
    builderName?: string;
    /** A builder instance per architecture on EC2. */
    ec2?: FarmEc2;
    /**
     * Builders on an EKS cluster that exists. Its Kubernetes provider comes with the component's options:
     * `providers: { kubernetes: … }`.
     */
    eks?: FarmEks;
    /** BuildKit endpoints that exist already. */
    endpoints?: BuilderEndpoint[];
    /** Certificates of builders that the farm creates. Defaults to ones of its own, renewed by updates. */
    tls?: FarmTls;
    /** Client credentials for `endpoints`, PEM text. Kept secret, and not stored with this component. */
    credentials?: pulumi.Input<BuilderCredentials>;
    /** The registry. Defaults, with `ec2` and `eks`, to an ECR repository with the builder's name and one for the caches. */
    registry?: FarmRegistry;
    /** Access for CI systems: the roles that their jobs take, with `ec2` and `eks`. Defaults to none. See docs/ci-access.md. */
    ci?: FarmCi;
    /** Login for the registry, for images of `buildImage`. Kept secret, and not stored with this component. */
    registryCredentials?: RegistryCredentials;
}

/** What `buildImage` takes from the farm; components must not have private fields, since each field is an output. */
interface FarmDefaults {
    platforms: string[];
    registryCredentials?: RegistryCredentials;
    repositories: Repositories;
}

const defaultsOf = new WeakMap<MultiArchBuilder, FarmDefaults>();

/**
 * Builders for several CPU architectures, registered as one multi-node buildx builder, with a registry for images and
 * their caches.
 *
 *     const farm = new MultiArchBuilder("ci", {
 *         ec2: { subnetId: "subnet-0123456789abcdef0", access: { securityGroupIds: [runners.id] } },
 *         registry: { repositories: ["shop/api", "shop/web"], movingTags: ["latest"] },
 *     });
 *     const api = farm.buildImage("api", { context: "./api", tags: ["1.4.2"] });
 *
 * To rename it, keep `builderName` and give the old name as an alias. The option `protect` keeps it from being destroyed;
 * its certificates and images, which updates make anew, stay free. Two with one builder name in a stack are rejected.
 *
 * Cost: what `Ec2Builders` or `EksBuilders` say; the image repositories stay when they hold images and the farm is destroyed.
 */
export class MultiArchBuilder extends pulumi.ComponentResource {
    /** The builder's record, without secrets: for other stacks and for CI. */
    public readonly builder: pulumi.Output<Builder>;
    /** The builder's client credentials, a secret: whoever holds them is root on the builder's nodes. */
    public readonly builderCredentials: pulumi.Output<BuilderCredentials>;
    /** URLs of the farm's image repositories, by the names that were given. Empty when the registry is given by URLs. */
    public readonly repositoryUrls: pulumi.Output<Record<string, string>>;
    /** Name of the SSM parameter with the builder's record. Undefined with `endpoints`. */
    public readonly recordParameter: pulumi.Output<string | undefined>;
    /** What CI jobs are configured from: record, parameters, roles, and files for each system. No secret. */
    public readonly ci: pulumi.Output<CiOutputs>;
    /** What the farm costs a month, an estimate from list prices. Undefined with `endpoints`. */
    public readonly monthlyCost: pulumi.Output<MonthlyCost | undefined>;

    constructor(name: string, args: MultiArchBuilderArgs, opts?: pulumi.ComponentResourceOptions) {
        const problems = new Problems();
        args = validateFarm(name, args, problems) ?? args;
        if (problems.count === 0) {
            claimBuilderName({ name }, args.builderName ?? name, problems);
        }
        problems.throwIfAny(`the builder "${name}"`);
        // The engine keeps what is given here in its state: nothing that is or may hold a secret.
        super(
            "multiarch-builder:index:MultiArchBuilder",
            name,
            without(args, "credentials", "registryCredentials"),
            opts,
        );

        const builderName = args.builderName ?? name;
        const repositories = farmRepositories(name, builderName, args, this);
        const backend = backendOf(name, builderName, args, repositories, this);
        this.builder = builderRecord(builderName, { ...backend, ...repositories });
        this.builderCredentials = backend.credentials;
        this.repositoryUrls = repositories.urls;
        this.recordParameter = pulumi.output(backend.recordParameter);
        const access = args.endpoints
            ? {}
            : ciModule().farmAccess(name, builderName, this.builder, backend, args, repositories.urls, this);
        this.ci = pulumi
            .all([this.builder, repositories.urls, access])
            .apply(([builder, urls, known]) => ciOutputs(builder, urls, args.ci, known));
        this.monthlyCost = pulumi.output(backend.monthlyCost);
        new BuilderRegistration(
            `${name}-registration`,
            { builder: this.builder, credentials: this.builderCredentials },
            { parent: this },
        );
        defaultsOf.set(this, {
            platforms: [...new Set(backend.platforms.map(normalizePlatform))],
            registryCredentials: args.registryCredentials,
            repositories,
        });
        this.registerOutputs({
            builder: this.builder,
            builderCredentials: this.builderCredentials,
            repositoryUrls: this.repositoryUrls,
            recordParameter: this.recordParameter,
            ci: this.ci,
            monthlyCost: this.monthlyCost,
        });
    }

    /**
     * Builds an image on this farm, by default for all of the farm's platforms and with the farm's registry login. Without a
     * `repositoryUrl` it is pushed to the farm's repository of its name, or whose path ends in it.
     */
    public buildImage(name: string, args: ImageBuildArgs, opts?: pulumi.ComponentResourceOptions): MultiArchImage {
        const farm = defaultsOf.get(this);
        const login = args.strategy === BuildStrategy.Single ? {} : { registryCredentials: farm?.registryCredentials };
        return new MultiArchImage(
            name,
            {
                ...login,
                ...farmTarget(name, args, farm?.repositories),
                ...args,
                platforms: args.platforms ?? farm?.platforms,
                builder: this.builder,
                credentials: this.builderCredentials,
            },
            { parent: this, ...opts },
        );
    }
}

function backendOf(
    name: string,
    builderName: string,
    args: MultiArchBuilderArgs,
    repositories: Repositories,
    parent: pulumi.Resource,
): Backend {
    if (args.ec2) {
        return ec2Module().ec2Backend(name, builderName, args.ec2, args, repositories, parent);
    }
    if (args.eks) {
        return eksModule().eksBackend(name, builderName, args.eks, args, repositories, parent);
    }
    const endpoints = args.endpoints ?? [];
    return {
        nodes: endpointNodes(builderName, endpoints),
        credentials: pulumi.secret(args.credentials as pulumi.Input<BuilderCredentials>),
        platforms: endpoints.flatMap(({ platforms }) => platforms),
    };
}
