import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as path from "node:path";
import type { Farm } from "../../dev/local/farm";
import { stopProcess } from "../../dev/local/processes";
import { muxProcess, registryProcess, basicAuth } from "../../dev/local/registry";

/** What happens to a request instead of, or before, an answer of the registry. */
export interface Interference {
    delayMs?: number;
    /** The request is taken and never answered. */
    hang?: boolean;
    status?: number;
    body?: string;
}

/** Makes a farm's registry unreachable at its address. */
export async function stopRegistry(farm: Farm): Promise<void> {
    await stopProcess(farm.dir, muxProcess);
}

/** Takes the place of a farm's registry at its address and passes requests on to it, with interference. */
export class RegistryProxy {
    /** Requests seen, `METHOD path`. */
    readonly requests: string[] = [];
    private readonly server: http.Server;

    private constructor(
        private readonly targetPort: number,
        private readonly interfere: (method: string, url: string) => Interference | undefined,
    ) {
        this.server = http.createServer((request, response) => void this.answer(request, response));
    }

    static async inFrontOf(
        farm: Farm,
        interfere: (method: string, url: string) => Interference | undefined,
    ): Promise<RegistryProxy> {
        const state = JSON.parse(fs.readFileSync(path.join(farm.dir, "state.json"), "utf8")) as {
            ports: Record<string, number>;
        };
        await stopRegistry(farm);
        const proxy = new RegistryProxy(state.ports[registryProcess]!, interfere);
        const port = Number(farm.registry.address.split(":")[1]);
        await new Promise<void>((resolve, reject) =>
            proxy.server.once("error", reject).listen(port, "127.0.0.1", resolve),
        );
        return proxy;
    }

    get port(): number {
        return (this.server.address() as AddressInfo).port;
    }

    async close(): Promise<void> {
        this.server.closeAllConnections();
        await new Promise((resolve) => this.server.close(resolve));
    }

    private async answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
        const { method = "", url = "", headers } = request;
        this.requests.push(`${method} ${url}`);
        const { delayMs = 0, hang = false, status, body = "" } = this.interfere(method, url) ?? {};
        if (hang) {
            request.resume();
            return;
        }
        await new Promise((resolve) => setTimeout(resolve, delayMs));
        if (status !== undefined) {
            request.resume();
            response.writeHead(status, { "content-type": "application/json" }).end(body);
            return;
        }
        const forwarded = http.request({ port: this.targetPort, host: "127.0.0.1", method, path: url, headers });
        forwarded.once("response", (answer) => {
            response.writeHead(answer.statusCode ?? 502, answer.headers);
            answer.pipe(response);
        });
        forwarded.once("error", () => response.destroy());
        response.once("close", () => forwarded.destroy());
        request.pipe(forwarded);
    }
}

/** Removes a manifest as an expiry rule does. */
export async function deleteManifest(farm: Farm, repository: string, digest: string): Promise<void> {
    const { address } = farm.registry;
    const authorization = `Basic ${basicAuth(farm.registry)}`;
    const url = `http://${address}/v2/${repository}/manifests/${digest}`;
    const { status } = await fetch(url, { method: "DELETE", headers: { authorization } });
    if (status !== 202) {
        throw new Error(`the registry answered ${status} to DELETE ${url}`);
    }
}
