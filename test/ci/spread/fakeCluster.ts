import * as http from "node:http";
import type { AddressInfo } from "node:net";

/** An object of the cluster; what it holds is what kubectl reads of it. */
export interface Stored {
    kind: "Deployment" | "Pod" | "Node";
    metadata: { name: string; labels?: Record<string, string>; deletionTimestamp?: string };
    spec?: Record<string, unknown>;
    status?: Record<string, unknown>;
}

const kinds = {
    deployments: { kind: "Deployment", group: "/apis/apps/v1", namespaced: true },
    pods: { kind: "Pod", group: "/api/v1", namespaced: true },
    nodes: { kind: "Node", group: "/api/v1", namespaced: false },
} as const;

/** As much of a Kubernetes API server as kubectl needs to get, list, create and delete a few kinds of objects. */
export class FakeCluster {
    objects: Stored[] = [];
    /** Requests that change something, `METHOD path`. */
    readonly changes: string[] = [];
    /** What happens when a deployment is created. */
    onCreate: (deployment: Stored) => void = () => undefined;
    private readonly server = http.createServer((request, response) => {
        let text = "";
        request.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        request.on("end", () => {
            const url = new URL(request.url!, "http://cluster");
            if (url.searchParams.get("watch") === "true" && !url.searchParams.has("sendInitialEvents")) {
                // Nothing changes any more.
                response.writeHead(200, { "content-type": "application/json" }).flushHeaders();
                return;
            }
            const [status, body] = this.answer(request.method!, url, text);
            const type = typeof body === "string" ? "text/plain" : "application/json";
            response.writeHead(status, { "content-type": type });
            response.end(typeof body === "string" ? body : JSON.stringify(body));
        });
    });

    async start(): Promise<void> {
        await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    }

    async stop(): Promise<void> {
        this.server.closeAllConnections();
        await new Promise((resolve) => this.server.close(resolve));
    }

    /** A configuration for kubectl. */
    get kubeconfig(): string {
        const { port } = this.server.address() as AddressInfo;
        const cluster = { name: "fake", cluster: { server: `http://127.0.0.1:${port}` } };
        const context = { name: "fake", context: { cluster: "fake", user: "fake", namespace: "shop" } };
        const user = { name: "fake", user: {} };
        return JSON.stringify({
            apiVersion: "v1",
            kind: "Config",
            clusters: [cluster],
            contexts: [context],
            users: [user],
            "current-context": "fake",
        });
    }

    private answer(method: string, url: URL, text: string): [number, object | string] {
        const discovered = this.discovery(url.pathname);
        if (discovered) {
            return [200, discovered];
        }
        const match = /^(?:\/api\/v1|\/apis\/apps\/v1)(?:\/namespaces\/([^/]+))?\/([a-z]+)(?:\/([^/]+))?(\/log)?$/.exec(
            url.pathname,
        );
        const [, , plural = "", name, log] = match ?? [];
        if (!(plural in kinds)) {
            return [404, failure(404, `no ${url.pathname}`)];
        }
        const { kind, group } = kinds[plural as keyof typeof kinds];
        const apiVersion = group.replace(/^\/apis?\//, "");
        const full = (object: Stored) => ({ apiVersion, ...object });
        if (method !== "GET") {
            this.changes.push(`${method} ${plural}${name ? `/${name}` : ""}`);
        }
        if (method === "POST") {
            const made = JSON.parse(text) as Stored;
            this.objects.push(made);
            this.onCreate(made);
            return [201, full(made)];
        }
        const named = this.objects.find((object) => object.kind === kind && object.metadata.name === name);
        if (name !== undefined && !named) {
            return [404, failure(404, `${plural} "${name}" not found`)];
        }
        if (method === "DELETE") {
            this.objects = this.objects.filter((object) => object !== named);
            return [200, { apiVersion: "v1", kind: "Status", status: "Success" }];
        }
        if (named) {
            return [200, log ? `exec ${name}: exec format error\n` : full(named)];
        }
        if (url.searchParams.has("sendInitialEvents")) {
            return [400, failure(400, "not offered: list, then watch")];
        }
        const items = this.objects.filter((object) => object.kind === kind && selected(object, url)).map(full);
        return [200, { apiVersion, kind: `${kind}List`, metadata: { resourceVersion: "1" }, items }];
    }

    private discovery(path: string): object | undefined {
        const resources = (group: string) =>
            Object.entries(kinds)
                .filter(([, each]) => each.group === group)
                .map(([name, { kind, namespaced }]) => {
                    return {
                        name,
                        singularName: kind.toLowerCase(),
                        kind,
                        namespaced,
                        verbs: ["get", "list", "create", "delete"],
                    };
                });
        const version = { groupVersion: "apps/v1", version: "v1" };
        const answers: Record<string, object> = {
            "/api": { kind: "APIVersions", versions: ["v1"] },
            "/apis": {
                kind: "APIGroupList",
                apiVersion: "v1",
                groups: [{ name: "apps", versions: [version], preferredVersion: version }],
            },
            "/api/v1": { kind: "APIResourceList", groupVersion: "v1", resources: resources("/api/v1") },
            "/apis/apps/v1": {
                kind: "APIResourceList",
                groupVersion: "apps/v1",
                resources: resources("/apis/apps/v1"),
            },
        };
        return answers[path];
    }
}

function failure(code: number, message: string): object {
    return { apiVersion: "v1", kind: "Status", status: "Failure", message, reason: "NotFound", code };
}

/** Whether an object has the labels that a list asks for, of the forms `a=b`, `a in (b,c)`, `a` and `!a`. */
function selected({ metadata: { name, labels = {} } }: Stored, url: URL): boolean {
    const field = url.searchParams.get("fieldSelector");
    const selector = url.searchParams.get("labelSelector") ?? "";
    const requirements = selector.split(/,(?![^(]*\))/).filter(Boolean);
    return (
        (field === null || field === `metadata.name=${name}`) &&
        requirements.every((requirement) => {
            const within = /^(\S+) (not)?in \((.*)\)$/.exec(requirement);
            if (within) {
                return within[3]!.split(",").includes(labels[within[1]!] ?? "") === (within[2] === undefined);
            }
            const [key = "", value] = requirement.split("=");
            return key.startsWith("!")
                ? !(key.slice(1) in labels)
                : value === undefined
                  ? key in labels
                  : labels[key] === value;
        })
    );
}
