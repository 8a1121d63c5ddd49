import * as http from "node:http";
import * as net from "node:net";
import type { AddressInfo } from "node:net";
import { requireAnswer } from "../../components/registry/answer";

const servers: net.Server[] = [];
const proxies = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy"];
const given = Object.fromEntries(proxies.map((name) => [name, process.env[name]]));

beforeEach(() => proxies.forEach((name) => delete process.env[name]));

afterEach(async () => {
    Object.entries(given).forEach(([name, value]) => value !== undefined && (process.env[name] = value));
    await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

async function listen(server: net.Server): Promise<string> {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A registry that takes connections and says nothing. */
function silent(connections: { count: number }): net.Server {
    return net.createServer((socket) => {
        connections.count++;
        socket.on("error", () => undefined).resume();
    });
}

test.each([200, 401, 404, 503])("a registry that answers %i answers", async (status) => {
    const asked: (string | undefined)[] = [];
    const host = await listen(
        http.createServer((request, response) => {
            asked.push(request.url);
            response.writeHead(status).end();
        }),
    );
    await requireAnswer(`${host}/app`, 60);
    expect(asked).toEqual(["/v2/"]);
});

test("a refused connection is an answer: the build tells about it", async () => {
    const server = net.createServer();
    const host = await listen(server);
    await new Promise((resolve) => servers.pop()!.close(resolve));
    await requireAnswer(`${host}/app`, 60);
});

test("a registry that never answers is named, once for all images of a process", async () => {
    const connections = { count: 0 };
    const host = await listen(silent(connections));
    const results = await Promise.allSettled(["app", "web"].map((name) => requireAnswer(`${host}/${name}`, 0.2)));
    const text = `the registry ${host} does not answer: GET http://${host}/v2/ had no answer in 0.2 s`;
    for (const result of results) {
        expect(result).toMatchObject({
            status: "rejected",
            reason: { message: expect.stringContaining(text) as string },
        });
    }
    expect(connections.count).toBe(1);
});

test("is not asked where a proxy of the environment stands between", async () => {
    const connections = { count: 0 };
    const host = await listen(silent(connections));
    process.env.https_proxy = "http://proxy.test:3128";
    await requireAnswer(`${host}/app`, 0.2);
    expect(connections.count).toBe(0);
});
