import { paths } from "../../../../components/node/paths";
import { expectEqual, expectText } from "../expectations";
import type { Machine } from "../machine";
import { standIns } from "../vendorData";
import type { Proof } from "./proof";

const name = "proof";
const tag = "both";

/** Both machines as one builder: a two-platform image, each platform built on its own machine. */
export async function twoArchitectures(proof: Proof, other: Machine): Promise<void> {
    const { checks, client, machine, registry, log } = proof;
    const platforms = ["linux/amd64", "linux/arm64"];
    await checks.must("the machine of the other architecture joins the builder", async () => {
        await client.register(platforms);
        await other.booted();
    });
    await checks.check("one build pushes an image for both, each built on its own machine", async () => {
        // The registry has the same name for the machines as for buildx, which pushes the index.
        const { address, port } = standIns.registry;
        const listen = `systemd-socket-activate --listen=${registry.address}`;
        const forward = `systemd-run --unit=registry ${listen} /lib/systemd/systemd-socket-proxyd ${address}:${port}`;
        await Promise.all([machine, other].map(({ agent }) => agent.succeed(forward)));

        const push = ["--platform", platforms.join(), "--push", "--tag", `${registry.address}/${name}:${tag}`];
        const steps = "RUN echo built for $TARGETARCH on $(uname -m)";
        const progress = await client.succeed(client.builder.name, steps, push);
        log(progress.replace(/^/gm, "         "));
        expectText(progress, "built for amd64 on x86_64");
        expectText(progress, "built for arm64 on aarch64");
        const built = await registry.architectures(name, tag);
        expectEqual(built.join(), "amd64,arm64", "list of architectures in the registry");
        for (const { agent, options } of [machine, other]) {
            const history = await agent.succeed(`${paths.binaries}/buildctl debug histories --format '{{json .}}'`);
            const platform = history.match(/"platform":"[^"]*"/g)?.join() ?? "none";
            expectEqual(platform, `"platform":"linux/${options.architecture}"`, "list of what a machine built");
        }
    });
}
