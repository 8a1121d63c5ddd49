import { openTunnels } from "../../../components/buildx/tunnel";

/** A program that opens a tunnel and then ends, or waits to be ended. */
async function main(): Promise<void> {
    const access = { kind: "ssm", region: "eu-central-1", instanceId: "i-1" };
    const node = {
        name: "ci-arm64",
        platforms: ["linux/arm64"],
        endpoint: "tcp://10.0.0.5:1234",
        serverName: "a",
        access,
    };
    const tunnels = await openTunnels([node], () => undefined);
    console.log(tunnels.get("ci-arm64"));
    if (process.argv[2] === "wait") {
        setInterval(() => undefined, 1000);
    }
}

void main();
