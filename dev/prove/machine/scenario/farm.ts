import { readFileSync } from "node:fs";
import { join } from "node:path";
import { paths } from "../../../../components/node/paths";
import { expectEqual, expectText } from "../checks";
import type { Machine } from "../machine";
import type { Proof } from "./proof";

/** Both machines as one builder: a two-platform image, each platform built on its own machine. */
export async function twoArchitectures(proof: Proof, other: Machine): Promise<void> {
    const { checks, client, machine, log } = proof;
    const platforms = ["linux/amd64", "linux/arm64"];
    await checks.must("the machine of the other architecture joins the builder", async () => {
        other.start();
        await client.register(platforms);
        await other.booted();
    });
    await checks.check(
        "one build makes an image for both architectures, each on its own machine, without emulation",
        async () => {
            const image = join(machine.options.folder, "image");
            const steps = "RUN echo built for $TARGETARCH on $(uname -m)";
            const output = ["--platform", platforms.join(), "--output", `type=oci,tar=false,dest=${image}`];
            const progress = await client.succeed(client.builder.name, steps, output);
            log(progress.replace(/^/gm, "        "));
            expectText(progress, "built for amd64 on x86_64");
            expectText(progress, "built for arm64 on aarch64");
            const index = JSON.parse(readFileSync(join(image, "index.json"), "utf8")) as {
                manifests: { digest: string }[];
            };
            const blob = (digest: string) => readFileSync(join(image, "blobs", digest.replace(":", "/")), "utf8");
            const { manifests } = JSON.parse(blob(index.manifests[0]!.digest)) as {
                manifests: { platform: { architecture: string } }[];
            };
            const built = manifests.map(({ platform }) => platform.architecture).sort();
            expectEqual(built.join(), "amd64,arm64", "architectures of the image");
            for (const each of [machine, other]) {
                const command = `${paths.binaries}/buildctl debug histories --format '{{json .}}' | tail -n 1`;
                expectText(await each.agent.succeed(command), `linux/${each.options.architecture}`);
            }
        },
    );
}
