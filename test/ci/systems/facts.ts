import type { Builder, BuilderNode } from "../../../components/builder";
import { recordText } from "../../../components/ci/recordText";
import type { CiFacts } from "../../../components/ci/systems";

const account = "123456789012";
const region = "eu-central-1";
const host = `${account}.dkr.ecr.${region}.amazonaws.com`;

function node(arch: string, address: number, more: Partial<BuilderNode> = {}): BuilderNode {
    const name = `ci-${arch}`;
    const endpoint = `tcp://10.0.1.${address}:1234`;
    return { name, platforms: [`linux/${arch}`], endpoint, serverName: `${name}.builders`, ...more };
}

/** A farm on nodes that exist already, with a registry that has a password. */
export function plainFacts(more: Partial<CiFacts> = {}): CiFacts {
    const builder: Builder = { name: "ci", nodes: [node("amd64", 4), node("arm64", 5)] };
    return {
        builderName: "ci",
        record: recordText(builder),
        builder,
        imageRepositoryUrl: "registry.acme.io/shop/api",
        cacheRepositoryUrl: "registry.acme.io/cache",
        registryHost: "registry.acme.io",
        repositoryUrls: {},
        access: "direct",
        platforms: ["linux/amd64", "linux/arm64"],
        ...more,
    };
}

/** A farm on EC2 with roles for every system, whose pull requests have a certificate of their own. */
export function awsFacts(more: Partial<CiFacts> = {}): CiFacts {
    const parameters = (folder: string) => {
        const path = `/multiarch-builder/ci/${folder}`;
        return { region, ca: `${path}/ca`, cert: `${path}/cert`, key: `${path}/key` };
    };
    const wake = (instanceId: string) => ({ wake: { kind: "ec2", region, instanceId } });
    const builder: Builder = {
        name: "ci",
        nodes: [node("amd64", 4, wake("i-0aaaaaaaaaaaaaaa1")), node("arm64", 5, wake("i-0bbbbbbbbbbbbbbb2"))],
        cacheRepositoryUrl: `${host}/ci-cache`,
        credentialsParameters: parameters("client"),
    };
    const roles = (system: string) => ({
        push: `arn:aws:iam::${account}:role/ci-${system}-push`,
        pullRequest: `arn:aws:iam::${account}:role/ci-${system}-pr`,
    });
    const systems = ["github", "gitlab", "circleci", "harness", "tekton"];
    return plainFacts({
        builder,
        record: recordText(builder),
        region,
        recordParameter: "/multiarch-builder/ci/ci",
        pullRequestRecordParameter: "/multiarch-builder/ci/ci-pr",
        credentialsParameters: parameters("client"),
        pullRequestCredentialsParameters: parameters("client-pr"),
        roleArns: Object.fromEntries(systems.map((system) => [system, roles(system)])),
        registryHost: host,
        imageRepositoryUrl: `${host}/shop/api`,
        cacheRepositoryUrl: `${host}/ci-cache`,
        ...more,
    });
}

/** Farms of every shape that changes what is rendered. */
export const everyFacts: Readonly<Record<string, CiFacts>> = {
    "EC2 with ECR": awsFacts(),
    "EC2 without credentials for pull requests": awsFacts({
        pullRequestRecordParameter: undefined,
        pullRequestCredentialsParameters: undefined,
    }),
    "EC2 without roles": awsFacts({ roleArns: undefined }),
    "EC2 with another registry": awsFacts({ imageRepositoryUrl: "registry.acme.io/shop/api" }),
    "EC2 by Session Manager": awsFacts({ access: "ssm" }),
    "EC2 that never sleeps": awsFacts({ builder: plainFacts().builder }),
    "endpoints with a password": plainFacts(),
    "endpoints with ECR": plainFacts({ imageRepositoryUrl: `${host}/shop/api` }),
    "one node and no cache": plainFacts({
        builder: { name: "ci", nodes: [node("arm64", 5)] },
        platforms: ["linux/arm64"],
        cacheRepositoryUrl: undefined,
    }),
};
