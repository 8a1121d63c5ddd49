import { Provider as AwsProvider } from "@pulumi/aws/provider";
import * as pulumi from "@pulumi/pulumi";
import { CiAccess, MultiArchBuilder } from "../../components";
import { isObject } from "../../components/objects";
import { builder, everySystem, keyArn, uuid } from "../ci/access/support";
import { makeCredentials } from "../support/credentials";
import { type Recorded, type Recorder, promiseOf } from "../support/recorder";
import { Platform, cluster, farmWithImage, onAws, recorded } from "./support";

class Network extends pulumi.CustomResource {}

const backends = Object.keys(onAws) as (keyof typeof onAws)[];

const ownTypes = /^multiarch-builder:/;
const nameOf = (urn: string) => urn.split("::").at(-1)!;

/** What the farm consists of, without what a test made besides. */
const within = (run: Recorder) => run.resources.filter(({ type }) => !/^(pulumi:providers|acme|test):/.test(type));

/** The names that resources have outside of Pulumi. */
function physicalNames(resources: Recorded[]): string[] {
    return resources.flatMap(({ type, inputs }) => {
        const metadata = isObject(inputs.metadata) ? inputs.metadata : {};
        const { name = inputs.name, namespace = "" } = metadata as { name?: unknown; namespace?: string };
        return typeof name === "string" && !ownTypes.test(type) ? [`${type} ${namespace} ${name}`] : [];
    });
}

describe.each(backends)("a farm on %s", (backend) => {
    test("is made with the providers of its options, and so are its images and every look-up", async () => {
        const run = await recorded(() => {
            const provider = new AwsProvider("there", { region: "eu-west-3" });
            farmWithImage("ci", backend, { provider, providers: { kubernetes: cluster() } });
        });
        const all = [...within(run), ...run.invokes.map(({ token, provider }) => ({ type: token, provider }))];
        const given = (kind: string) => all.filter(({ type }) => type.startsWith(`${kind}:`));
        const providersOf = (kind: string) => [
            ...new Set(given(kind).map(({ provider }) => provider.split("::").at(-2))),
        ];
        expect(given("aws").length).toBeGreaterThan(20);
        expect(providersOf("aws")).toEqual(["there"]);
        expect(providersOf("kubernetes")).toEqual(backend === "eks" ? ["cluster"] : []);
        expect(given("aws").map(({ type }) => type)).toContain("aws:ecr/getAuthorizationToken:getAuthorizationToken");
    });

    test("takes a list of providers as well, also from the component that it is in", async () => {
        const run = await recorded(() => {
            const providers = [new AwsProvider("there", { region: "eu-west-3" }), cluster()];
            new Platform("platform", (parent) => farmWithImage("ci", backend, { parent }), { providers });
        });
        const strangers = within(run).filter(
            ({ type, provider }) => /^(aws|kubernetes):/.test(type) && provider === "",
        );
        expect(strangers).toEqual([]);
        expect(run.invokes.filter(({ provider }) => provider === "")).toEqual([]);
    });

    test("is in the region of its provider", async () => {
        let farm: MultiArchBuilder | undefined;
        await recorded(
            () => {
                const provider = new AwsProvider("there", { region: "eu-west-3" });
                farm = farmWithImage("ci", backend, { provider, providers: { kubernetes: cluster() } });
            },
            { "aws:index/getRegion:getRegion": () => ({ region: "eu-west-3", id: "eu-west-3", name: "eu-west-3" }) },
        );
        expect(await promiseOf(farm!.builder)).toMatchObject({ credentialsParameters: { region: "eu-west-3" } });
    });

    test("nests in another component: every resource below it, named after the component that it is part of", async () => {
        const run = await recorded(() => {
            const providers = { kubernetes: cluster() };
            new Platform("platform", (parent) => farmWithImage("platform-ci", backend, { parent }), { providers });
        });
        expect(run.get("platform-ci").parent).toBe(run.get("platform").urn);
        const parts = within(run).filter(({ name }) => name !== "platform-ci");
        expect(parts.length).toBeGreaterThan(20);
        // An alias of a component reaches a child by this prefix only.
        expect(parts.filter(({ name, parent }) => !name.startsWith(nameOf(parent))).map(({ name }) => name)).toEqual(
            [],
        );
    });

    test("stands beside another one: no name is used twice, in Pulumi, in AWS, in the cluster, by hooks or by buildx", async () => {
        const farms: MultiArchBuilder[] = [];
        const run = await recorded(() => {
            const providers = { kubernetes: cluster() };
            farms.push(farmWithImage("one", backend, { providers }), farmWithImage("two", backend, { providers }));
        });
        const urns = run.resources.map(({ urn }) => urn);
        expect(urns).toEqual([...new Set(urns)]);
        const hooks = run.hooks.map(({ name }) => name);
        expect(hooks.length).toBeGreaterThan(10);
        expect(hooks).toEqual([...new Set(hooks)]);
        const names = physicalNames(within(run));
        expect(names.length).toBeGreaterThan(10);
        expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
        const nodes = await Promise.all(farms.map(({ builder }) => promiseOf(builder)));
        expect(nodes.map(({ name }) => name)).toEqual(["one", "two"]);
    });

    test("protects what cannot be had again; what is renewed and built anew stays free", async () => {
        const run = await recorded(() => {
            farmWithImage("ci", backend, { protect: true, providers: { kubernetes: cluster() } });
        });
        const free = within(run).filter(({ protect }) => !protect);
        expect([...new Set(free.map(({ type }) => type))].sort()).toEqual([
            "docker-build:index:Image",
            "docker-build:index:Index",
            "tls:index/locallySignedCert:LocallySignedCert",
        ]);
        expect(free.filter(({ type, retainOnDelete }) => type.startsWith("docker-build:") && !retainOnDelete)).toEqual(
            [],
        );
    });

    test("shows every child to a transformation, which can add tags to it", async () => {
        const seen: string[] = [];
        const transformations: pulumi.ResourceTransformation[] = [
            ({ name, type, props, opts }) => {
                seen.push(name);
                const tagged = type.startsWith("aws:") && "tags" in props;
                const { tags } = props as { tags?: pulumi.Input<Record<string, string>> };
                const more = pulumi.output(tags).apply((own) => ({ ...own, team: "build" }));
                return tagged ? { props: { ...props, tags: more }, opts } : undefined;
            },
        ];
        const run = await recorded(() => {
            farmWithImage("ci", backend, { transformations, providers: { kubernetes: cluster() } });
        });
        expect(seen.sort()).toEqual(
            within(run)
                .map(({ name }) => name)
                .sort(),
        );
        const tagged = within(run).filter(({ type, inputs }) => type.startsWith("aws:") && "tags" in inputs);
        expect(tagged.length).toBeGreaterThan(5);
        expect(tagged.filter(({ inputs }) => (inputs.tags as { team?: string }).team !== "build")).toEqual([]);
    });

    test("waits for what it depends on", async () => {
        const run = await recorded(() => {
            const late = new Promise<string>((resolve) => setTimeout(resolve, 200, "late"));
            const network = new Network("test:index:Network", "network", { late });
            farmWithImage("ci", backend, { dependsOn: [network], providers: { kubernetes: cluster() } });
        });
        expect(within(run).length).toBeGreaterThan(20);
        const order = run.resources.filter(({ type }) => !type.startsWith("pulumi:providers:"));
        expect(order[0]!.name).toBe("network");
    });

    test("leaves `ignoreChanges` to the component itself: what a child ignores is its own", async () => {
        const ignored = async (ignoreChanges: string[]) => {
            const run = await recorded(() => {
                farmWithImage("ci", backend, { ignoreChanges, providers: { kubernetes: cluster() } });
            });
            const children = within(run).filter(({ name }) => name !== "ci");
            return children.map(({ name, ignoreChanges: own }) => `${name}: ${own.join(", ")}`).sort();
        };
        expect(await ignored(["tags"])).toEqual(await ignored([]));
    });
});

test("access for CI systems can have one name in two components", async () => {
    const run = await recorded(() => {
        for (const [name, organization] of [
            ["east", "a"],
            ["west", "b"],
        ] as const) {
            const parent = new pulumi.ComponentResource("acme:index:Team", name);
            const circleci = { ...everySystem.circleci, organizationId: uuid(organization), createProvider: true };
            new CiAccess("ci", { builder, kmsKeyArn: keyArn, circleci }, { parent });
        }
    });
    expect(run.hooks).toHaveLength(2);
    expect(new Set(run.hooks.map(({ name }) => name)).size).toBe(2);
});

test("two builders of one name are refused, whatever components they are in", async () => {
    const credentials = await makeCredentials();
    const endpoints = [{ platforms: ["linux/amd64"], endpoint: "tcp://10.0.0.1:1234" }];
    const make = (name: string, builderName?: string) => (parent: pulumi.Resource) =>
        new MultiArchBuilder(name, { endpoints, credentials, builderName }, { parent });
    const run = await recorded(() => {
        new Platform("east", make("ci"));
        expect(() => new Platform("west", make("ci"))).toThrow(
            /`builderName`: is the name of the builder of "ci" too.*give one of them another \(got "ci"\)/,
        );
        new Platform("north", make("ci", "north"));
    });
    const records = run.resources.filter(({ type }) => type === "multiarch-builder:index:BuilderRegistration");
    expect(records.map(({ inputs }) => (inputs.builder as { name: string }).name).sort()).toEqual(["ci", "north"]);
    const hooks = run.hooks.map(({ name }) => name);
    expect(hooks).toEqual([...new Set(hooks)]);
});
