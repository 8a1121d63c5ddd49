import { parseArgs } from "node:util";
import type { Architecture } from "../../../components/ec2/instanceTypes";
import type { Accelerator } from "./machine";
import { architectures, hostArchitecture } from "./nodes";

export const usage = `Usage: npm run prove:machine [-- OPTIONS]

Boots a Debian virtual machine from the user data that the components render for an EC2 node, and checks that it becomes
a node that builds, limits, drains, keeps its cache, renews its certificate, goes to sleep and is woken. Everything that
it would ask of AWS is played by this machine, and it reaches nothing else. Needs Linux, root, Go, and about 8 GiB of disk.

  --arch ARCH   amd64 or arm64 (default: this machine's own). For another one than this machine's a whole machine is
                emulated, and one of each builds a two-platform image as one builder
  --accel NAME  kvm or tcg (default: kvm where it works)
  --help        this text

The console of a machine whose checks failed is kept in .tools/machine.

Exit codes: 0 every check passed or QEMU cannot be had, 1 a check failed, 2 wrong usage.
`;

/** What the proof is asked to do. */
export interface Arguments {
    architecture: Architecture;
    accelerator?: Accelerator;
}

/** The arguments; a text is what is wrong with them. */
export function parseArguments(args: string[]): Arguments | "help" | { wrong: string } {
    try {
        const { values } = parseArgs({
            args,
            options: { arch: { type: "string" }, accel: { type: "string" }, help: { type: "boolean", short: "h" } },
        });
        if (values.help) {
            return "help";
        }
        const architecture = architectures.find((each) => each === (values.arch ?? hostArchitecture));
        const accelerator = (["kvm", "tcg"] as const).find((each) => each === values.accel);
        if (!architecture) {
            return { wrong: `--arch must be amd64 or arm64 (got ${JSON.stringify(values.arch ?? process.arch)})` };
        }
        if (values.accel !== undefined && !accelerator) {
            return { wrong: `--accel must be kvm or tcg (got ${JSON.stringify(values.accel)})` };
        }
        return { architecture, accelerator };
    } catch (error) {
        return { wrong: (error as Error).message };
    }
}
