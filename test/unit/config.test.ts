import * as pulumi from "@pulumi/pulumi";
import { readConfiguration } from "../../config";

const endpoints = [{ platforms: ["linux/amd64"], endpoint: "tcp://10.0.0.1:1234" }];
const good = { backend: "endpoints", endpoints, credentials: { ca: "a", cert: "b", key: "c" } };

async function read(values: Record<string, unknown>, stack = "dev", secrets: string[] = ["credentials", "registry"]) {
    await pulumi.runtime.setMocks(
        { newResource: ({ inputs }) => ({ id: "x", state: inputs as object }), call: ({ inputs }) => inputs as object },
        "farm",
        stack,
    );
    const texts = Object.entries(values).map(([key, value]) => [
        `farm:${key}`,
        typeof value === "string" ? value : JSON.stringify(value),
    ]);
    pulumi.runtime.setAllConfig(
        Object.fromEntries(texts) as Record<string, string>,
        secrets.map((key) => `farm:${key}`),
    );
    return readConfiguration();
}

async function problemsOf(values: Record<string, unknown>, secrets?: string[]): Promise<string[]> {
    const error = await read(values, "dev", secrets).then(
        () => new Error(""),
        (reason: unknown) => reason as Error,
    );
    const [head, ...lines] = error.message.split("\n  - ");
    expect(head).toBe(lines.length > 0 ? "invalid arguments of the configuration of stack dev:" : "");
    return lines;
}

test("the least: a backend, endpoints and credentials", async () => {
    const settings = await read(good);
    expect(settings).toMatchObject({ builderName: "multiarch-dev", farm: { endpoints, registry: {} } });
    expect(settings.image).toBeUndefined();
    expect(Object.keys(settings.farm).sort()).toEqual(["credentials", "endpoints", "registry"]);
    expect(await pulumi.isSecret(pulumi.output(settings.farm.credentials))).toBe(true);
});

test("registry, its login and an image", async () => {
    const settings = await read({
        ...good,
        registry: { imageRepositoryUrl: "a/b", credentials: { username: "u", password: "p" } },
        image: { name: "api", tags: ["1"] },
    });
    expect(settings.farm.registry).toEqual({ imageRepositoryUrl: "a/b" });
    expect(settings.farm.registryCredentials).toEqual({ username: "u", password: "p" });
    expect(settings.image).toEqual({ name: "api", args: { tags: ["1"] } });
});

test("builders on EC2: their settings, and what all resources share, as the component takes them", async () => {
    const settings = await read({
        backend: "ec2",
        ec2: { subnetId: "subnet-1" },
        tls: { renewalDays: 10 },
        ci: { github: { repositories: [{ name: "acme/shop" }] } },
        tags: { team: "build" },
        namePrefix: "acme-",
        rolePath: "",
        registry: { repositories: ["shop/api"] },
    });
    expect(settings.farm).toEqual({
        ec2: { subnetId: "subnet-1" },
        tls: { renewalDays: 10 },
        ci: { github: { repositories: [{ name: "acme/shop" }] } },
        tags: { team: "build" },
        namePrefix: "acme-",
        registry: { repositories: ["shop/api"] },
    });
});

test.each([
    ["dev", /^multiarch-dev$/],
    ["Dev_1.x", /^multiarch-dev_1\.x$/],
    ["a b", /^multiarch-a-b$/],
    ["amd64", /^multiarch-amd64-[0-9a-f]{8}$/],
    ["prod-arm", /^multiarch-prod-arm-[0-9a-f]{8}$/],
    ["x".repeat(100), /^multiarch-x{44}-[0-9a-f]{8}$/],
])("stack %s has the builder %s", async (stack, name) => {
    expect((await read(good, stack)).builderName).toMatch(name);
});

describe("problems", () => {
    const keys =
        "backend, ec2, eks, endpoints, credentials, tls, registry, image, ci, tags, permissionsBoundary, rolePath, " +
        "namePrefix, kmsKeyArn, parameterPrefix";
    test.each<[string, Record<string, unknown>, string]>([
        [
            "no backend",
            { ...good, backend: "" },
            "`backend`: is not set; choose where BuildKit runs: `ec2` (a builder instance per architecture), `eks` (node groups on your cluster) or `endpoints` (BuildKit that runs already). `pulumi config set backend endpoints`; `npm start` sets up a local one",
        ],
        [
            "an unknown backend",
            { ...good, backend: "endpoint" },
            '`backend`: must be one of ec2, eks, endpoints; did you mean endpoints? (got "endpoint")',
        ],
        [
            "an unknown key",
            { ...good, endpoint: [] },
            `\`endpoint\`: is no configuration key; did you mean \`endpoints\`? Known: ${keys}`,
        ],
        [
            "no endpoints",
            { ...good, endpoints: [] },
            "`endpoints`: must be a list with at least one { platforms, endpoint } (got [])",
        ],
        [
            "endpoints that are no JSON",
            { ...good, endpoints: "tcp://a:1" },
            "`endpoints`: is not valid: it must be an object or a list, set with `pulumi config set --path`",
        ],
        [
            "platforms as a text",
            { ...good, endpoints: [{ ...endpoints[0], platforms: "linux/amd64" }] },
            '`endpoints[0].platforms`: must be a list, for example [linux/arm64] (got "linux/amd64")',
        ],
        [
            "an unknown setting",
            { ...good, endpoints: [{ ...endpoints[0], platform: "x" }] },
            "`endpoints[0].platform`: is no setting; did you mean `platforms`?",
        ],
        [
            "a name of every object",
            { ...good, endpoints: [{ ...endpoints[0], constructor: "x" }] },
            "`endpoints[0].constructor`: is no setting; did you mean `endpoint`?",
        ],
        [
            "an unknown setting of the image",
            { ...good, image: { tag: "1" } },
            "`image.tag`: is no setting; did you mean `tags`?",
        ],
        [
            "a number as the image's name",
            { ...good, image: { name: 5 } },
            "`image.name`: must be text: put it in quotes (got 5)",
        ],
        [
            "settings of another backend",
            { ...good, ec2: { subnetId: "subnet-1" } },
            "`ec2`: is for backend `ec2`, and `backend` is `endpoints`: take it out",
        ],
        [
            "credentials of nodes that are made",
            { backend: "ec2", ec2: { subnetId: "subnet-1" }, credentials: good.credentials },
            "`credentials`: are for backend `endpoints`; other builders come with theirs",
        ],
        ["an image as a text", { ...good, image: '"api"' }, "`image`: must be an object"],
        [
            "a login as a text",
            { ...good, registry: { credentials: "u:hunter2" } },
            "`registry.credentials`: must be an object with username, password",
        ],
    ])("%s", async (_, values, problem) => {
        const found = await problemsOf(values);
        expect(found).toContain(problem);
        expect(found.join()).not.toContain("hunter2");
    });

    test("secrets in clear", async () => {
        const values = { ...good, registry: { credentials: { username: "u", password: "hunter2" } } };
        expect(await problemsOf(values, [])).toEqual([
            "`credentials`: must be encrypted: set credentials.key with `pulumi config set --secret --path`",
            "`registry.credentials`: must be encrypted: set the password with `pulumi config set --secret --path`",
        ]);
    });

    test("all at once", async () => {
        const found = await problemsOf({ ...good, endpoints: [null], image: 5, ci: [1] });
        expect(found.map((line) => line.split(":")[0])).toEqual([
            "`endpoints[0]`",
            "`endpoints[0].platforms`",
            "`ci`",
            "`image`",
        ]);
    });
});
