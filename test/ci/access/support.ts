import type { Builder } from "../../../components/builder";
import type { CiAccessArgs, FarmCi } from "../../../components/ci/arguments";
import { CiAccess } from "../../../components/ci/ciAccess";
import { validateFarmCi } from "../../../components/ci/validate";
import { type Answers, recorder } from "../../ec2/support";
import { type Told, errorsOf } from "../../support/problems";
import type { Recorder } from "../../support/recorder";

export const account = "111122223333";
export const region = "eu-central-1";
export const keyArn = `arn:aws:kms:${region}:${account}:key/1234abcd-12ab-34cd-56ef-1234567890ab`;
export const uuid = (digit: string) => `${digit.repeat(8)}-${[4, 4, 4, 12].map((n) => digit.repeat(n)).join("-")}`;

const reach = (instanceId: string) => ({ region, instanceId });
const path = "/multiarch-builder/project/stack/ci";

/** The record of a farm with two nodes that sleep. */
export const builder: Builder = {
    name: "ci",
    nodes: ["amd64", "arm64"].map((architecture, i) => ({
        name: `ci-${architecture}`,
        platforms: [`linux/${architecture}`],
        endpoint: `tcp://10.0.1.${i + 5}:1234`,
        serverName: `ci-${architecture}`,
        wake: { kind: "ec2", ...reach(`i-0${architecture}`) },
    })),
    imageRepositoryUrl: `${account}.dkr.ecr.${region}.amazonaws.com/shop/api`,
    cacheRepositoryUrl: `${account}.dkr.ecr.${region}.amazonaws.com/ci-cache`,
    credentialsParameters: { region, ca: `${path}/client/ca`, cert: `${path}/client/cert`, key: `${path}/client/key` },
};

/** The same record, of nodes that are reached by Session Manager. */
export const tunnelled: Builder = {
    ...builder,
    nodes: builder.nodes.map((node) => ({ ...node, access: { ...node.wake!, kind: "ssm" } })),
};

/** Roles of every system, each with its pull requests. */
export const everySystem = {
    github: {
        repositories: [{ name: "acme/shop", ownerId: "123456", id: "456789" }],
        branches: ["main", "release/*"],
        tags: ["v*"],
        environments: ["production"],
    },
    gitlab: { projects: ["acme/platform/shop"], branches: ["main"], tags: ["v*"] },
    circleci: { organizationId: uuid("a"), projects: [{ id: uuid("b"), origin: "github.com/acme/shop" }] },
    harness: {
        accountId: "WKxXBnSFTRaOF64-h90PyQ",
        projects: [{ organization: "default", project: "shop", pipelines: ["release"] }],
        pullRequestProjects: [{ organization: "default", project: "shop", pipelines: ["check"] }],
    },
    tekton: {
        clusterName: "tools",
        serviceAccounts: [{ namespace: "ci", name: "build" }],
        pullRequestServiceAccounts: [{ namespace: "ci", name: "check" }],
    },
} satisfies FarmCi;

/** Registers the component against a recorder that answers from the rehearsal's models, or from what a test gives. */
export async function record(
    args: Partial<CiAccessArgs> = {},
    options: { answers?: Answers; preview?: boolean } = {},
): Promise<{ run: Recorder; access: CiAccess }> {
    const run = recorder(options);
    await run.install();
    const access = new CiAccess("ci", { builder, kmsKeyArn: keyArn, ...args });
    await run.settle();
    return { run, access };
}

/** What is told of a farm's access for CI systems. */
export function told(args: unknown): Told {
    const warnings: string[] = [];
    const errors = errorsOf((problems) => {
        validateFarmCi(
            args as FarmCi,
            (...problem) => problems.add(...problem),
            (at, text) => warnings.push(`\`${at}\`: ${text}`),
        );
    });
    return { errors, warnings };
}
