import * as fc from "fast-check";
import { parse, parseAllDocuments } from "yaml";
import { recordText } from "../../../components/ci/recordText";
import { type CiFacts, type CiSystem, ciFiles, ciSystems } from "../../../components/ci/systems";
import { awsFacts, everyFacts, plainFacts } from "./facts";

const everyFile = Object.entries(everyFacts).flatMap(([farm, facts]) =>
    ciSystems.flatMap((system) => ciFiles(system, facts).map((file) => ({ farm, system, facts, ...file }))),
);
const yamlFiles = everyFile.filter(({ path }) => /\.ya?ml$/.test(path));

const textOf = (system: CiSystem, facts: CiFacts, end: string) =>
    ciFiles(system, facts).find(({ path }) => path.endsWith(end))!.content;

/** Every text that stands in a parsed value. */
function texts(value: unknown): string[] {
    return typeof value === "object" && value !== null ? Object.values(value).flatMap(texts) : [String(value)];
}

test.each(yamlFiles)("$farm: $path is one YAML document", ({ content }) => {
    const documents = parseAllDocuments(content);
    expect(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([]);
    expect(documents).toHaveLength(1);
});

test.each(everyFile)("$farm: $path ends with one line end and has no text of a template", ({ content }) => {
    expect(content).toMatch(/[^\n]\n$/);
    expect(content).not.toMatch(/undefined|\[object|NaN/);
});

test.each(ciSystems)("%s: builds by the scripts, and cleans up whatever happens", (system) => {
    const all = ciFiles(system, awsFacts())
        .map(({ content }) => content)
        .join("\n");
    for (const name of [
        "builder-setup",
        "builder-tags",
        "builder-build",
        "builder-verify",
        "builder-setup --cleanup",
    ]) {
        expect(all).toContain(`.multiarch-builder/${name}`);
    }
    expect(all).toMatch(/builder-build --cache read-only --no-push -t "\$\$?IMAGE" \./);
});

test.each(ciSystems)("%s: a farm without a repository for images has no files", (system) => {
    expect(ciFiles(system, plainFacts({ imageRepositoryUrl: undefined }))).toEqual([]);
    const repositoryUrls = { web: "registry.acme.io/shop/web" };
    const [file] = ciFiles(system, plainFacts({ imageRepositoryUrl: undefined, repositoryUrls }));
    expect(file!.content).toContain("registry.acme.io/shop/web");
});

test.each(ciSystems)("%s: a farm without AWS has its record as a file, and needs no AWS", (system) => {
    const facts = plainFacts();
    const files = ciFiles(system, facts);
    expect(files.at(-1)).toEqual({ path: ".multiarch-builder/record", content: facts.record });
    const all = files.map(({ content }) => content).join("\n");
    expect(all).toContain("builder-setup --record .multiarch-builder/record");
    expect(all).not.toMatch(/\baws\b (ecr|ssm|sts)|AWS_ROLE_ARN|AWS_WEB_IDENTITY/);
    for (const secret of ["builder_ca", "builder_cert", "builder_key", "registry_user", "registry_password"]) {
        expect(all.toLowerCase()).toContain(secret);
    }
});

test.each(ciSystems)("%s: with roles and ECR there is no secret to keep", (system) => {
    const all = ciFiles(system, awsFacts())
        .map(({ content }) => content)
        .join("\n");
    expect(all).not.toMatch(/secrets\.|REGISTRY_PASSWORD|getValue|secretKeyRef/);
});

test("pull requests without credentials for the builder have no job on it", () => {
    const facts = everyFacts["EC2 without credentials for pull requests"]!;
    for (const system of ["github", "gitlab", "circleci", "harness"] as const) {
        for (const { content } of ciFiles(system, facts)) {
            expect(content).not.toContain("--cache read-only");
            expect(content).not.toContain('-pr"');
        }
    }
});

test("GitHub: jobs have the rights that they need, and actions are pinned to commits", () => {
    for (const end of ["image.yml", "image-build-push-action.yml"]) {
        const workflow = parse(textOf("github", awsFacts(), end)) as {
            permissions: object;
            jobs: Record<string, { permissions: object; steps: { uses?: string }[] }>;
        };
        expect(workflow.permissions).toEqual({});
        for (const [name, { permissions, steps }] of Object.entries(workflow.jobs)) {
            const token = name === "without-builder" ? {} : { "id-token": "write" };
            expect(permissions).toEqual({ contents: "read", ...token });
            for (const { uses } of steps.filter((step) => step.uses)) {
                expect(uses).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
            }
        }
    }
});

test("GitHub: the push job and the pull requests' job have different roles and records", () => {
    const { jobs } = parse(textOf("github", awsFacts(), "image.yml")) as {
        jobs: Record<string, { if: string; env: Record<string, string>; steps: { with?: Record<string, string> }[] }>;
    };
    const role = (name: string) =>
        jobs[name]!.steps.find((step) => step.with?.["role-to-assume"])!.with!["role-to-assume"];
    expect(role("image")).toMatch(/-push$/);
    expect(role("pull-request")).toMatch(/-pr$/);
    expect(jobs.image!.env.BUILDER_RECORD_PARAMETER).toBe("/multiarch-builder/ci/ci");
    expect(jobs["pull-request"]!.env.BUILDER_RECORD_PARAMETER).toBe("/multiarch-builder/ci/ci-pr");
    expect(jobs["pull-request"]!.if).toContain("head.repo.full_name == github.repository");
    expect(jobs["without-builder"]!.if).toContain("head.repo.full_name != github.repository");
});

test("GitHub: setup-buildx-action gets both nodes where they are reached directly, else builder-setup comes first", () => {
    const direct = textOf("github", plainFacts(), "build-push-action.yml");
    const { jobs } = parse(direct) as {
        jobs: { image: { steps: { uses?: string; with?: Record<string, string>; env?: object }[] } };
    };
    const action = jobs.image.steps.find(({ uses }) => uses?.startsWith("docker/setup-buildx-action"))!;
    expect(action.with).toMatchObject({
        driver: "remote",
        endpoint: "tcp://10.0.1.4:1234",
        platforms: "linux/amd64",
        "driver-opts": "servername=ci-amd64.builders",
    });
    expect(parse(action.with!.append!)).toEqual([
        {
            name: "ci-arm64",
            endpoint: "tcp://10.0.1.5:1234",
            platforms: "linux/arm64",
            "driver-opts": ["servername=ci-arm64.builders"],
        },
    ]);
    expect(Object.keys(action.env!)).toHaveLength(6);
    const build = jobs.image.steps.find(({ uses }) => uses?.startsWith("docker/build-push-action"))!;
    expect(build.with!["cache-from"]!.trim().split("\n")).toEqual([
        "type=registry,ref=registry.acme.io/cache:api-main-linux-amd64",
        "type=registry,ref=registry.acme.io/cache:api-main-linux-arm64",
    ]);
    expect(build.with).not.toHaveProperty("cache-to");
    const asleep = textOf("github", awsFacts(), "build-push-action.yml");
    expect(asleep).not.toContain("setup-buildx-action@");
    expect(asleep).toContain("run: .multiarch-builder/builder-setup\n");
    expect(asleep).toContain("builder: ${{ env.BUILDER_NAME }}");
});

/** Keys of the documentation, by the place where they stand. */
test("Harness: steps have documented keys", () => {
    for (const { content } of everyFile.filter(({ path }) => path.startsWith(".harness/"))) {
        const { pipeline } = parse(content) as {
            pipeline: { stages: { stage: { spec: { execution: { steps: { step: Record<string, never> }[] } } } }[] };
        };
        for (const { step } of pipeline.stages[0]!.stage.spec.execution.steps) {
            const { type, identifier, spec, ...rest } = step as unknown as Record<string, string> & { spec: object };
            expect(identifier).toMatch(/^[A-Za-z_]\w{0,127}$/);
            expect(Object.keys(rest).sort()).toEqual(["name", "timeout", "when"]);
            // https://developer.harness.io/docs/continuous-integration/use-ci/run-step-settings
            const known = {
                Run: ["connectorRef", "image", "shell", "envVariables", "command"],
                Plugin: ["connectorRef", "image", "settings", "envVariables", "privileged"],
            };
            expect(known[type as keyof typeof known]).toEqual(expect.arrayContaining(Object.keys(spec)));
        }
    }
});

test("Harness: a pull request's branch may be named main, and is not taken for it", () => {
    const conditions = texts(parse(textOf("harness", awsFacts(), "image.yaml"))).filter((text) =>
        text.includes("<+codebase.branch>"),
    );
    expect(conditions).not.toHaveLength(0);
    conditions.forEach((text) =>
        expect(text).toContain('<+codebase.build.type> == "branch" && <+codebase.branch> == "main"'),
    );
});

test("Tekton: the Pipeline passes only what the Task takes, and every variable is declared", () => {
    for (const facts of Object.values(everyFacts)) {
        const task = parse(textOf("tekton", facts, "-task.yaml")) as {
            apiVersion: string;
            spec: { params: { name: string }[]; steps: { script: string }[] };
        };
        const pipeline = parse(textOf("tekton", facts, "-pipeline.yaml")) as {
            apiVersion: string;
            spec: { tasks: { name: string; params: { name: string }[] }[] };
        };
        expect([task.apiVersion, pipeline.apiVersion]).toEqual(["tekton.dev/v1", "tekton.dev/v1"]);
        const names = task.spec.params.map(({ name }) => name);
        const passed = pipeline.spec.tasks.find(({ name }) => name === "build")!.params.map(({ name }) => name);
        expect(names).toEqual(expect.arrayContaining(passed));
        const used = texts(task).flatMap((text) =>
            [...text.matchAll(/\$\(params\.([\w-]+)\)/g)].map(([, name]) => name),
        );
        expect(names).toEqual(expect.arrayContaining(used));
        // A parameter in a script would be taken for commands.
        expect(task.spec.steps[0]!.script).not.toContain("$(params.");
        expect(task.spec.steps[0]!.script).toMatch(/^#!\/bin\/sh\n/);
    }
});

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,9}$/);
const anyFacts = fc
    .record({
        name: word,
        repository: fc
            .array(word, { minLength: 1, maxLength: 3 })
            .map((parts) => `registry.acme.io/${parts.join("/")}`),
        parameter: fc.stringMatching(/^\/[A-Za-z0-9_.-]{1,20}(\/[A-Za-z0-9_.-]{1,20}){0,2}$/),
        role: fc.stringMatching(/^arn:aws:iam::\d{12}:role\/[A-Za-z0-9+=,.@_-]{1,30}$/),
        serverName: fc.stringMatching(/^[a-z0-9]{1,10}(\.[a-z0-9]{1,10}){0,3}$/),
    })
    .map(({ name, repository, parameter, role, serverName }) => {
        const builder = { ...plainFacts().builder, name };
        builder.nodes = builder.nodes.map((node) => ({ ...node, serverName }));
        const roles = { push: role, pullRequest: `${role}-pr` };
        return {
            repository,
            parameter,
            role,
            facts: awsFacts({
                builderName: name,
                builder,
                record: recordText(builder),
                imageRepositoryUrl: repository,
                recordParameter: parameter,
                pullRequestRecordParameter: `${parameter}-pr`,
                roleArns: Object.fromEntries(ciSystems.map((system) => [system, roles])),
            }),
        };
    });

test.each(ciSystems)("%s: what is rendered says what was meant, whatever the names", (system) => {
    fc.assert(
        fc.property(anyFacts, ({ facts, repository, parameter, role }) => {
            const files = ciFiles(system, facts).filter(({ path }) => /\.ya?ml$/.test(path));
            const values = files.flatMap(({ content }) => {
                const documents = parseAllDocuments(content);
                expect(documents.flatMap(({ errors }) => errors)).toEqual([]);
                return documents.flatMap((document) => texts(document.toJS()));
            });
            const named =
                system === "tekton" ? [repository, parameter] : [repository, parameter, `${parameter}-pr`, role];
            expect(values).toEqual(expect.arrayContaining(named));
        }),
        { numRuns: 50 },
    );
});
