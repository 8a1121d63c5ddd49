import type { Builder, BuilderCredentials } from "../../../components/builder";
import { type Demand, registerForBuild } from "../../../components/buildx/registration";

// Runs on the cluster's machine: reads a builder, its credentials and what is to be built from standard input, and registers.

interface Input {
    builder: Builder;
    credentials: BuilderCredentials;
    demand: Demand;
}

async function main(): Promise<void> {
    let text = "";
    for await (const chunk of process.stdin.setEncoding("utf8")) {
        text += String(chunk);
    }
    const { builder, credentials, demand } = JSON.parse(text) as Input;
    await registerForBuild(builder, credentials, demand, (line) => console.log(line));
}

void main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
});
