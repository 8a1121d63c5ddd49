import { type Builder, MultiArchBuilder } from "../../components";
import { EksExposure } from "../../components/eks/arguments";
import * as ec2 from "../ec2/support";
import * as eks from "../eks/support";
import { makeCredentials } from "../support/credentials";
import { Recorder, promiseOf } from "../support/recorder";

/** Where a record comes from. */
export interface Backend {
    backend: string;
    /** The record of a builder `ci` with so many replicas of amd64 and of arm64. */
    record: (replicas: number) => Promise<Builder>;
    /** The most replicas that it makes; no limit of its own unless given. */
    most?: number;
}

const repositories = { imageRepositoryUrl: "r.test/app", cacheRepositoryUrl: "r.test/cache" };
const architectures = ["amd64", "arm64"];
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

/** Every backend, in every way that its nodes are reached. */
export const backends: Backend[] = [
    {
        backend: "endpoints",
        record: (replicas) => onEndpoints(replicas, (pod) => `tcp://${pod}.builders.internal:1234`),
    },
    {
        backend: "endpoints, pods",
        record: (replicas) =>
            onEndpoints(replicas, (pod) => `kube-pod://${pod}?namespace=builders&container=buildkitd`),
    },
    { backend: "ec2", most: 1, record: () => onEc2({ access: { securityGroupIds: ["sg-0123456789abcdef0"] } }) },
    { backend: "ec2, Session Manager", most: 1, record: () => onEc2({ access: { ssm: true } }) },
    ...Object.values(EksExposure).map((exposure) => ({
        backend: `eks, ${exposure}`,
        most: 10,
        record: (replicas: number) => onEks(exposure, replicas),
    })),
];

async function onEndpoints(replicas: number, endpointOf: (pod: string) => string): Promise<Builder> {
    const run = new Recorder();
    await run.install();
    const farm = new MultiArchBuilder("ci", {
        endpoints: architectures.flatMap((architecture) =>
            numbers(replicas).map((replica) => ({
                platforms: [`linux/${architecture}`],
                endpoint: endpointOf(`buildkitd-${architecture}-${replica}`),
                serverName: `${architecture}.builders.internal`,
                replica,
            })),
        ),
        credentials: await makeCredentials(),
        registry: repositories,
    });
    await run.settle();
    return promiseOf(farm.builder);
}

async function onEc2(args: Parameters<typeof ec2.record>[0]): Promise<Builder> {
    const { run } = await ec2.record({ ...repositories, ...args });
    return parameter(run);
}

async function onEks(exposure: EksExposure, replicas: number): Promise<Builder> {
    const reached = {
        [EksExposure.Cluster]: {},
        [EksExposure.InternalNlb]: {
            access: { cidrs: ["10.0.0.0/16"] },
            loadBalancer: { subnetIds: ["subnet-0123456789abcdef0"] },
        },
        [EksExposure.KubePod]: { access: {} },
    }[exposure];
    const nodes = { amd64: { replicas }, arm64: { replicas } };
    const { run } = await eks.record({ ...repositories, exposure, nodes, ...reached });
    return parameter(run);
}

/** The record as it stands in its SSM parameter. */
function parameter(run: Recorder): Builder {
    return JSON.parse(run.get("ci-parameter-builder").inputs.insecureValue as string) as Builder;
}
