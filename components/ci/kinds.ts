import { type Kind, anything, map, object, objects, plainFlag, plainText, plainTexts, text } from "../kinds";
import type {
    CiAccessArgs,
    CiCircleCi,
    CiGitHub,
    CiGitLab,
    CiHarness,
    CiHarnessProject,
    CiProvider,
    CiTekton,
    FarmCi,
} from "./arguments";

const provider: Record<keyof CiProvider, Kind> = { providerArn: text, createProvider: plainFlag };
const branches = plainTexts('["main"]');
const tags = plainTexts('["v*"]');
const subjects = plainTexts('["repo:acme/shop:ref:refs/heads/main"]');

const github: Record<keyof CiGitHub, Kind> = {
    ...provider,
    repositories: objects({ name: plainText, ownerId: plainText, id: plainText }, '[{ name: "acme/shop" }]'),
    branches,
    tags,
    environments: plainTexts('["production"]'),
    subjects,
    pullRequestSubjects: subjects,
    issuer: plainText,
    audience: plainText,
};

const gitlab: Record<keyof CiGitLab, Kind> = {
    ...provider,
    projects: plainTexts('["acme/shop"]'),
    branches,
    tags,
    subjects,
    pullRequestSubjects: subjects,
    issuer: plainText,
    audience: plainText,
};

const circleci: Record<keyof CiCircleCi, Kind> = {
    ...provider,
    organizationId: plainText,
    projects: objects({ id: plainText, origin: plainText }, "[{ id, origin }]"),
    branches,
    tags,
};

const harnessProject: Record<keyof CiHarnessProject, Kind> = {
    organization: plainText,
    project: plainText,
    pipelines: plainTexts('["build"]'),
};
const harnessProjects = objects(harnessProject, "[{ organization, project }]");
const harness: Record<keyof CiHarness, Kind> = {
    ...provider,
    accountId: plainText,
    projects: harnessProjects,
    pullRequestProjects: harnessProjects,
    url: plainText,
};

const serviceAccounts = objects({ namespace: plainText, name: plainText }, "[{ namespace, name }]");
const tekton: Record<keyof CiTekton, Kind> = {
    ...provider,
    clusterName: text,
    serviceAccounts,
    pullRequestServiceAccounts: serviceAccounts,
    irsa: plainFlag,
};

const systems: Record<keyof FarmCi, Kind> = {
    github: object(github),
    gitlab: object(gitlab),
    circleci: object(circleci),
    harness: object(harness),
    tekton: object(tekton),
    pullRequests: object({ enabled: plainFlag, useBuilder: plainFlag }),
    allowOrganizationWide: plainFlag,
};

/** What kind of value each argument of a farm's access for CI systems is. */
export const farmCiKinds = object(systems);

const access: Record<keyof CiAccessArgs, Kind> = {
    ...systems,
    builderName: plainText,
    builder: anything,
    kmsKeyArn: text,
    repositoryUrls: anything,
    pullRequestCredentials: anything,
    tags: map(text),
    permissionsBoundary: text,
    rolePath: plainText,
    namePrefix: plainText,
    parameterPrefix: plainText,
};

/** The same for the component. */
export const accessKinds = object(access);
