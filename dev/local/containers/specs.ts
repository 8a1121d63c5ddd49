import { posix } from "node:path";
import { readFileSync } from "node:fs";
import { TrustedRegistry, renderBuildkitdToml } from "../node";
import type { PkiFiles } from "../pkiFiles";
import { renderRegistryConfig } from "../registry";
import type { Images } from "./images";

/** One container of a farm. */
export interface ContainerSpec {
    /** Last part of its name and of its volume's. */
    name: string;
    image: string;
    /** Options of `docker create` besides those that every container has. */
    options: string[];
    command: string[];
    /** Where its named volume is mounted. */
    volume: string;
    /** Files that it reads, by absolute path. They may hold secrets. */
    files: Record<string, string>;
}

/** A port of this machine's loopback and the one behind it in the containers' common network namespace. */
export interface PublishedPort {
    host: number;
    container: number;
}

/** A node's part of the plan. */
export interface NodeSpec {
    name: string;
    platforms: string[];
    port: number;
}

export interface FarmSpec {
    images: Images;
    nodes: NodeSpec[];
    pki: Pick<PkiFiles, "certFile" | "keyFile" | "clientCaFile">;
    /** `port` is in image names; `internalPort` is where this machine reaches the container. */
    registry?: { port: number; internalPort: number; htpasswd: string };
    trustedRegistries?: TrustedRegistry[];
}

const folder = "/etc/multiarch-builder";
const everywhere = "0.0.0.0";

/**
 * The containers of a farm, the one that holds the network first: all share its network namespace, so that the nodes
 * reach the registry at 127.0.0.1 by the same port as this machine does.
 */
export function containerSpecs(farm: FarmSpec): { specs: ContainerSpec[]; ports: PublishedPort[] } {
    const nodes = farm.nodes.map((node) => nodeSpec(node, farm));
    const ports = farm.nodes.map(({ port }) => ({ host: port, container: port }));
    const { registry } = farm;
    return registry
        ? {
              specs: [registrySpec(farm.images.registry, registry), ...nodes],
              ports: [{ host: registry.internalPort, container: registry.port }, ...ports],
          }
        : { specs: nodes, ports };
}

function registrySpec(image: string, { port, htpasswd }: NonNullable<FarmSpec["registry"]>): ContainerSpec {
    const configFile = `${folder}/registry.yml`;
    // Where the image has a volume anyway: a mount elsewhere would leave it one without a name.
    const volume = "/var/lib/registry";
    return {
        name: "registry",
        image,
        // The image's own default sends traces to a collector that is not there.
        options: ["--env", "OTEL_TRACES_EXPORTER=none"],
        command: ["serve", configFile],
        volume,
        files: {
            [configFile]: renderRegistryConfig(folder, port, everywhere, volume),
            [`${folder}/htpasswd`]: htpasswd,
        },
    };
}

function nodeSpec({ name, platforms, port }: NodeSpec, farm: FarmSpec): ContainerSpec {
    const volume = "/var/lib/buildkit";
    const file = (base: string) => posix.join(folder, base);
    const trusted = (farm.trustedRegistries ?? []).map(({ host, caFile }, i) => ({
        host,
        caFile: file(`registry-ca-${i}.pem`),
        text: readFileSync(caFile, "utf8"),
    }));
    const config = {
        listen: everywhere,
        port,
        platforms,
        tools: { runc: "buildkit-runc" },
        certFile: file("cert.pem"),
        keyFile: file("key.pem"),
        clientCaFile: file("client-ca.pem"),
        trustedRegistries: trusted,
        ...(farm.registry ? { registryAddress: `127.0.0.1:${farm.registry.port}` } : {}),
    };
    return {
        name,
        image: farm.images.buildkit,
        options: ["--privileged", "--init"],
        command: ["--config", file("buildkitd.toml")],
        volume,
        files: {
            [file("buildkitd.toml")]: renderBuildkitdToml(config, volume),
            [file("cert.pem")]: readFileSync(farm.pki.certFile(name), "utf8"),
            [file("key.pem")]: readFileSync(farm.pki.keyFile(name), "utf8"),
            [file("client-ca.pem")]: readFileSync(farm.pki.clientCaFile, "utf8"),
            ...Object.fromEntries(trusted.map(({ caFile, text }) => [caFile, text])),
        },
    };
}
