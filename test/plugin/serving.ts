import { spawn } from "node:child_process";
import * as path from "node:path";
import * as readline from "node:readline";
import * as grpc from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { GetSchemaRequest } from "@pulumi/pulumi/proto/provider_pb";
import { root } from "../support/project";

export interface Schema {
    name: string;
    version: string;
    namespace?: string;
    resources: Record<
        string,
        {
            isComponent: boolean;
            description?: string;
            properties: Record<string, object>;
            inputProperties: Record<string, object>;
            requiredInputs?: string[];
        }
    >;
    types: Record<string, { properties?: Record<string, object>; enum?: { value: string }[] }>;
}

/** Starts a folder as the CLI starts a component package, by the SDK's own host, and asks it for its schema. */
export async function servedSchema(folder: string): Promise<Schema> {
    const host = path.join(root, "node_modules/@pulumi/pulumi/cmd/run-plugin");
    const child = spawn(process.execPath, [host, folder, "127.0.0.1:1"], { stdio: ["ignore", "pipe", "pipe"] });
    let errors = "";
    child.stderr.on("data", (data: Buffer) => (errors += data.toString()));
    const ended = new Promise<never>((_, reject) => {
        child.once("error", reject);
        child.once("exit", (code) => reject(new Error(`the plugin ended (${code}): ${errors}`)));
    });
    ended.catch(() => undefined);
    try {
        const port = await Promise.race([
            new Promise<string>((resolve) => readline.createInterface({ input: child.stdout }).once("line", resolve)),
            ended,
        ]);
        const client = new ResourceProviderClient(`127.0.0.1:${port.trim()}`, grpc.credentials.createInsecure(), {
            "grpc.max_receive_message_length": -1,
        });
        try {
            const answer = new Promise<string>((resolve, reject) =>
                client.getSchema(new GetSchemaRequest(), (error, response) =>
                    error ? reject(error) : resolve(response.getSchema()),
                ),
            );
            return JSON.parse(await Promise.race([answer, ended])) as Schema;
        } finally {
            client.close();
        }
    } finally {
        child.removeAllListeners("exit");
        child.kill("SIGKILL");
    }
}
