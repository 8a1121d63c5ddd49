import { PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import type { JobUser } from "../../../test/support/ciScripts";
import { Moto } from "../../../test/wake/support/moto";
import { without } from "../../../components/objects";
import { pythonEnvironment } from "../../tools/python";
import { Skipped } from "../checks";

/** A call of AWS's API as jobs made it. */
export interface Call {
    action: string;
    /** Access key that it was signed with; empty for one that is not signed. */
    accessKey: string;
    input: Record<string, unknown>;
}

/** An answer instead of the emulator's. */
export interface Answer {
    status: number;
    body: string;
}

/** AWS for the jobs: the emulator moto, behind a listener that notes every call and may answer it otherwise. */
export class Cloud {
    readonly calls: Call[] = [];
    interfere: (call: Call) => Answer | undefined = () => undefined;
    private readonly owner: SSMClient;

    private constructor(
        private readonly moto: Moto,
        private readonly server: http.Server,
        /** Folder of the AWS CLI's Python environment. */
        private readonly cli: string,
    ) {
        const credentials = { accessKeyId: "owner", secretAccessKey: "owner" };
        this.owner = new SSMClient({ region, endpoint: moto.url, credentials });
    }

    static async start(log: (line: string) => void): Promise<Cloud> {
        const cli = dirname(await pythonEnvironment("awscli", log));
        const moto = await Moto.start();
        const server = http.createServer((request, response) => void cloud.answer(request, response));
        const cloud = new Cloud(moto, server, cli);
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        return cloud;
    }

    get url(): string {
        return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    }

    async stop(): Promise<void> {
        this.owner.destroy();
        this.server.closeAllConnections();
        await new Promise((resolve) => this.server.close(resolve));
        await this.moto.stop();
    }

    /** Variables of whoever calls it, without credentials. The metadata address is never asked. */
    get env(): Record<string, string> {
        return { AWS_ENDPOINT_URL: this.url, AWS_EC2_METADATA_DISABLED: "true" };
    }

    /** Text of a program that is the AWS CLI for a user, who may not enter the folder of the environment's own Python. */
    cliFor(user: JobUser | undefined): string {
        const [version = ""] = readdirSync(join(this.cli, "lib"));
        const runs = (python: string) => spawnSync(python, ["-c", ""], { ...user }).status === 0;
        const python = [join(this.cli, "bin/python3"), `/usr/bin/${version}`, `/usr/local/bin/${version}`].find(runs);
        if (!python) {
            throw new Skipped(`no ${version} that the user ${user?.uid} may run: the AWS CLI needs it`);
        }
        return `#!/bin/sh\nPYTHONPATH=${join(this.cli, "lib", version, "site-packages")} exec ${python} -m awscli "$@"\n`;
    }

    /** Writes a parameter as its owner. */
    async putParameter(name: string, type: "String" | "SecureString", value: string): Promise<void> {
        await this.owner.send(new PutParameterCommand({ Name: name, Type: type, Value: value, Overwrite: true }));
    }

    private async answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
        const chunks: Buffer[] = [];
        for await (const chunk of request) {
            chunks.push(chunk as Buffer);
        }
        const body = Buffer.concat(chunks);
        const call = callOf(request, body.toString());
        this.calls.push(call);
        const instead = this.interfere(call);
        if (instead) {
            response.writeHead(instead.status, { "content-type": "text/xml" }).end(instead.body);
            return;
        }
        const headers = without(request.headers, "host");
        const target = new URL(request.url ?? "/", this.moto.url);
        const forwarded = http.request(target, { method: request.method, headers });
        forwarded.once("response", (answer) => {
            response.writeHead(answer.statusCode ?? 502, answer.headers);
            answer.pipe(response);
        });
        forwarded.once("error", () => response.destroy());
        forwarded.end(body);
    }
}

/** Region of the emulated account. */
export const region = "eu-central-1";

/** Services name the action in a header with a JSON body, or in a form. */
function callOf({ headers }: http.IncomingMessage, body: string): Call {
    const accessKey = /Credential=([^/]+)\//.exec(headers.authorization ?? "")?.[1] ?? "";
    const target = headers["x-amz-target"];
    if (typeof target === "string") {
        return { action: target.split(".").pop() ?? "", accessKey, input: JSON.parse(body || "{}") as Call["input"] };
    }
    const input = Object.fromEntries(new URLSearchParams(body));
    return { action: input.Action ?? "", accessKey, input };
}
