import type { AwsStandIn } from "../../../../test/wake/support/awsStandIn";
import type { BuilderNode } from "../../../../components/builder";
import type { Architecture } from "../../../../components/ec2/instanceTypes";
import type { Checks } from "../../checks";
import type { Client } from "../client";
import type { Machine } from "../machine";
import type { ProofStack, Rendered } from "../rendered";
import type { Parameters, Registry } from "../standIns";

/** Everything that the checks of one machine work with. */
export interface Proof {
    architecture: Architecture;
    checks: Checks;
    machine: Machine;
    /** The machine's node in the builder's record. */
    node: BuilderNode;
    client: Client;
    stack: ProofStack;
    rendered: Rendered;
    parameters: Parameters;
    registry: Registry;
    aws: AwsStandIn;
    log: (line: string) => void;
}

/** Shell text that prints one property of a unit. */
export const property = (unit: string, name: string) => `systemctl show --value --property=${name} ${unit}`;

/** The daemon's process and how often systemd has started it again. */
export const daemonProcess = ({ agent }: Machine) =>
    agent.succeed(`${property("buildkitd", "MainPID")}; ${property("buildkitd", "NRestarts")}`);
