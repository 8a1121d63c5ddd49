import {
    copyFileSync,
    existsSync,
    mkdirSync,
    mkdtempSync,
    readFileSync,
    rmSync,
    truncateSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Builder } from "../../../components/builder";
import { type Architecture, instanceTypeFacts } from "../../../components/ec2/instanceTypes";
import { succeed } from "../../../test/support/commands";
import { AwsStandIn } from "../../../test/wake/support/awsStandIn";
import { isolateAws } from "../../../test/wake/support/environment";
import { freePort } from "../../../test/wake/support/moto";
import { createPki } from "../../local/pki";
import { ensureTools } from "../../tools/build";
import { lastLines } from "../../tools/requirements";
import { type Checks, indent } from "../checks";
import { Client } from "./client";
import { type MachineImage, machineDir, machineImage } from "./image";
import { type Accelerator, Machine, bestAccelerator } from "./machine";
import { architectures, hostArchitecture, nodes } from "./nodes";
import { makeRelease, releaseVersion } from "./release";
import { ProofStack, type Rendered } from "./rendered";
import { builds, hostile } from "./scenario/builds";
import { twoArchitectures } from "./scenario/farm";
import { firstBoot } from "./scenario/firstBoot";
import type { Proof } from "./scenario/proof";
import { drains, reboots, sleeps } from "./scenario/restarts";
import { Downloads, Parameters, Registry, publishPackages } from "./standIns";
import { releaseBaseUrl, renderVendorData, standIns } from "./vendorData";

const region = "eu-central-1";

/** Makes what the proof of a machine needs, runs its checks, and takes everything away again. */
export class Workshop {
    private readonly folder = mkdtempSync(join(tmpdir(), "multiarch-machine-"));
    private readonly undo: (() => void)[] = [() => rmSync(this.folder, { recursive: true, force: true })];
    private readonly machines: Machine[] = [];

    constructor(private readonly log: (line: string) => void) {}

    async prove(architecture: Architecture, accelerator: Accelerator | undefined, checks: Checks): Promise<void> {
        const both = architecture !== hostArchitecture;
        const images = await this.images(both ? architectures : [architecture]);
        const kinds = new Map<Architecture, Accelerator>();
        for (const each of images.keys()) {
            kinds.set(each, accelerator ?? (await bestAccelerator(each, images.get(each)!.kernel)));
            this.log(`${each}: accelerator ${kinds.get(each)}`);
        }
        const site = await this.site(images);
        const machine = async (each: Architecture) => this.machine(each, kinds.get(each)!, images.get(each)!, site);
        const main = await machine(architecture);
        const builder = await this.reachable(site.rendered.builder, site.ports);
        const busybox = Object.fromEntries([...images].map(([each, image]) => [each, image.busybox]));
        const client = new Client(this.folder, builder, site.rendered.credentials, busybox, this.log);
        const node = builder.nodes.find(({ name }) => name.endsWith(`-${architecture}`))!;
        const proof: Proof = { architecture, checks, machine: main, node, client, log: this.log, ...site };
        builder.nodes.forEach(({ wake }) =>
            site.aws.add({ id: wake!.instanceId, launched: new Date(), attached: new Date() }),
        );
        const other = both ? await machine(hostArchitecture!) : undefined;
        main.start();
        other?.start();
        await firstBoot(proof);
        if (other) {
            await twoArchitectures(proof, other);
            other.kill();
        }
        for (const part of [builds, hostile, drains, reboots, sleeps]) {
            await part(proof);
        }
    }

    /** Says what a machine told last, and keeps its console. */
    async tellOfFailure(): Promise<void> {
        for (const { consoleFile, agent, running, options } of this.machines) {
            const kept = join(machineDir, `console-${options.architecture}.log`);
            if (existsSync(consoleFile)) {
                copyFileSync(consoleFile, kept);
                this.log(indent(`last lines of ${kept}:\n${lastLines(readFileSync(kept, "utf8"), 5)}`));
            }
            if (running && (await agent.answers())) {
                const journal = await agent.run(
                    "journalctl --boot --no-pager --lines=12 --unit='buildkit*' | cut -c 1-300",
                    60,
                );
                this.log(indent(`last lines of its journal:\n${journal.stdout}`));
            }
        }
    }

    close(): void {
        this.machines.forEach((machine) => machine.kill());
        this.undo.reverse().forEach((each) => each());
        this.undo.length = 0;
    }

    private async images(wanted: readonly Architecture[]): Promise<Map<Architecture, MachineImage>> {
        await ensureTools(this.log);
        const images = new Map<Architecture, MachineImage>();
        for (const each of wanted) {
            images.set(each, await machineImage(each, this.log));
        }
        return images;
    }

    /** Releases, packages, parameters, EC2, and what the components render for all of that. */
    private async site(images: Map<Architecture, MachineImage>) {
        const www = join(this.folder, "www");
        const sha256: Partial<Record<Architecture, string>> = {};
        for (const [each, image] of images) {
            this.log(`${each}: making a release of BuildKit ${releaseVersion}`);
            sha256[each] = await makeRelease(each, image.runc, www, this.folder);
            await publishPackages(image.packages, join(www, "debian", each));
        }
        const { address } = standIns.downloads;
        const pki = await createPki({ nodes: [{ name: "downloads", dnsNames: [], ipAddresses: [address] }] });
        const downloads = await Downloads.start(www, pki.servers.get("downloads")!);
        this.undo.push(() => downloads.stop());
        const parameters = await Parameters.start(region, this.log);
        this.undo.push(() => parameters.stop());
        const registry = await Registry.start(join(this.folder, "registry"));
        this.undo.push(() => registry.stop());
        const aws = await AwsStandIn.start();
        this.undo.push(() => void aws.stop());
        this.undo.push(isolateAws(aws.url, this.folder));
        // A machine without KVM takes its time, and one that is late is not what is proved here.
        process.env.MULTIARCH_BUILDER_READY_SECONDS = "600";

        const unused = "0".repeat(64);
        const { amd64 = unused, arm64 = unused } = sha256;
        const release = { version: releaseVersion, baseUrl: releaseBaseUrl, amd64Sha256: amd64, arm64Sha256: arm64 };
        const stack = new ProofStack(join(this.folder, "stack"), release);
        const rendered = await stack.up(90);
        await parameters.put(rendered.parameters);
        const ports = { amd64: await freePort(), arm64: await freePort() };
        return { stack, rendered, parameters, registry, aws, ports, downloads, downloadsCa: pki.serverCa.cert };
    }

    private async machine(
        architecture: Architecture,
        accelerator: Accelerator,
        image: MachineImage,
        site: {
            rendered: Rendered;
            parameters: Parameters;
            downloads: Downloads;
            registry: Registry;
            downloadsCa: string;
            ports: Record<Architecture, number>;
        },
    ): Promise<Machine> {
        const folder = join(this.folder, architecture);
        const seed = join(folder, "seed");
        mkdirSync(seed, { recursive: true, mode: 0o700 });
        writeFileSync(join(seed, "user-data"), site.rendered.userData[architecture]);
        writeFileSync(join(seed, "vendor-data"), renderVendorData(site.downloadsCa, architecture));
        writeFileSync(join(seed, "meta-data"), `instance-id: i-proof\nlocal-hostname: ${architecture}\n`);
        const disk = join(folder, "disk.img");
        await succeed("cp", ["--sparse=always", image.disk, disk], { env: process.env });
        const cache = join(folder, "cache.img");
        writeFileSync(cache, "");
        truncateSync(cache, 50 * 1024 ** 3);
        const { vcpus, memoryMiB } = instanceTypeFacts(nodes[architecture].instanceType)!;
        const machine = new Machine({
            ...{ architecture, accelerator, disk, seed, cache, folder, vcpus: vcpus!, memoryMiB: memoryMiB! },
            kernel: image.kernel,
            volumeId: site.rendered.volumeIds[architecture],
            port: site.ports[architecture],
            forwards: [
                { ...standIns.aws, to: site.parameters.port },
                { ...standIns.downloads, to: site.downloads.port },
                { ...standIns.registry, to: site.registry.port },
            ],
        });
        this.machines.push(machine);
        return machine;
    }

    /** The record with endpoints that lead into the machines. */
    private async reachable(builder: Builder, ports: Record<Architecture, number>): Promise<Builder> {
        const portOf = (name: string) => architectures.find((each) => name.endsWith(`-${each}`))!;
        return {
            ...builder,
            nodes: builder.nodes.map((node) => ({ ...node, endpoint: `tcp://127.0.0.1:${ports[portOf(node.name)]}` })),
        };
    }
}
