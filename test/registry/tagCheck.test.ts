import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { lookUpTags, refuseTakenTags } from "../../components/registry/tagCheck";
import { LocalTestRegistry, freePort } from "./localRegistry";

jest.setTimeout(60_000);

describe("the tags of an image, at a real registry", () => {
    let registry: LocalTestRegistry;
    let digest: string;
    const warnings: string[] = [];
    const warn = (text: string) => void warnings.push(text);

    beforeAll(async () => {
        registry = await LocalTestRegistry.start();
        digest = await registry.push("shop/api", "1.4.2", "first");
        await registry.push("shop/api", "latest", "first");
    });
    afterAll(() => registry.stop());
    beforeEach(() => void warnings.splice(0));

    const wanted = (tags: string[], movingTags = ["latest"]) => ({
        repositoryUrl: `${registry.host}/shop/api`,
        tags,
        movingTags,
        login: registry.login,
    });

    test("free ones pass, and moving ones that exist", async () => {
        expect(await lookUpTags(wanted(["1.4.3", "latest"]))).toEqual({ taken: [], unknown: undefined });
        await refuseTakenTags(wanted(["1.4.3", "latest"]), warn);
        expect(warnings).toEqual([]);
    });

    test("one that exists is an error that names the tag, its digest and the setting, and no password", async () => {
        const error = await refuseTakenTags(wanted(["1.4.2", "1.4.3", "latest"]), warn).then(
            () => "",
            (reason: Error) => reason.message,
        );
        expect(error).toContain(`${registry.host}/shop/api has the tag already: 1.4.2 (${digest})`);
        expect(error).toMatch(/Choose a new tag.*`movingTags` of the registry and of the image \(now: latest\)/);
        expect(error).not.toContain(registry.login.password);
        await expect(refuseTakenTags(wanted(["1.4.2", "latest"], []), warn)).rejects.toThrow(
            /the tags already: .*none/,
        );
        await refuseTakenTags(wanted(["1.4.2"], ["1.*"]), warn);
    });

    test("a repository that does not exist yet has none", async () => {
        const fresh = { ...wanted(["1"]), repositoryUrl: `${registry.host}/shop/new` };
        expect(await lookUpTags(fresh)).toEqual({ taken: [], unknown: undefined });
    });

    test("are only warned of when the login is wrong or the registry is away", async () => {
        const login = { username: "local", password: "wrong-password" };
        await refuseTakenTags({ ...wanted(["1.4.2"]), login }, warn);
        expect(warnings.join()).toMatch(new RegExp(`${registry.host} answered 401`));
        await refuseTakenTags({ ...wanted(["1.4.2"]), repositoryUrl: `127.0.0.1:${await freePort()}/a/b` }, warn);
        expect(warnings.join()).toMatch(/cannot be reached \(.*ECONNREFUSED/);
        expect(warnings.join()).not.toContain("wrong-password");
    });
});

describe("a registry that answers otherwise", () => {
    async function lookUp(answer: (count: number, response: http.ServerResponse) => void) {
        let count = 0;
        const requests: http.IncomingMessage[] = [];
        const server = http.createServer((request, response) => {
            requests.push(request);
            answer(++count, response);
        });
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        try {
            const repositoryUrl = `127.0.0.1:${(server.address() as AddressInfo).port}/shop/api`;
            const login = { username: "AWS", password: "token" };
            const found = await lookUpTags({ repositoryUrl, tags: ["1", "1"], movingTags: [], login });
            return { found, requests };
        } finally {
            server.closeAllConnections();
            await new Promise((resolve) => server.close(resolve));
        }
    }

    test("is asked once per tag, by HEAD, with basic authentication", async () => {
        const { found, requests } = await lookUp((_, response) => {
            response.setHeader("docker-content-digest", "sha256:abc");
            response.end();
        });
        expect(found.taken).toEqual([{ tag: "1", digest: "sha256:abc" }]);
        expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual(["HEAD /v2/shop/api/manifests/1"]);
        expect(requests[0]!.headers.authorization).toBe(`Basic ${Buffer.from("AWS:token").toString("base64")}`);
        expect(requests[0]!.headers.accept).toContain("image.index");
    });

    test("is asked again when it is busy", async () => {
        const { found, requests } = await lookUp((count, response) => {
            response.writeHead(count < 3 ? 503 : 404).end();
        });
        expect([found, requests.length]).toEqual([{ taken: [], unknown: undefined }, 3]);
    });

    test("gets no login by a redirect, and is not asked for a token", async () => {
        const moved = await lookUp((_, response) => response.writeHead(307, { location: "http://127.0.0.1:9/" }).end());
        expect(moved.found.unknown).toMatch(/answered 307/);
        const bearer = await lookUp((_, response) =>
            response.writeHead(401, { "www-authenticate": 'Bearer realm="https://x/token"' }).end(),
        );
        expect(bearer.found.unknown).toMatch(/only registries with basic authentication, as ECR/);
    });
});
