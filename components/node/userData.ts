import { gzipSync } from "fflate";
import { logRotation, renderAgentConfig } from "./agent";
import { readScript, scriptNames } from "./assets";
import { caFile, renderBuildkitdConfig } from "./buildkitdConfig";
import { type NodeFile, renderCloudConfig } from "./cloudConfig";
import { renderGateRules, renderMetadataRules } from "./firewall";
import { renderNodeConf, renderProxyEnvironment } from "./nodeConf";
import { propertyError } from "../problems";
import type { NodeOptions } from "./options";
import { paths } from "./paths";
import { renderUnits } from "./units";
import { validateNodeOptions } from "./validate";

/** EC2 takes this many bytes, before base64. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html */
export const userDataLimit = 16 * 1024;

/** A node's user data: cloud-config with every file of the node and the command that starts it. It holds no secret. */
export function renderUserData(options: NodeOptions): string {
    validateNodeOptions(options);
    const text = userDataText(options);
    const problem = sizeProblem(options.nodeName, text);
    if (problem) {
        throw propertyError("registries", problem);
    }
    return text;
}

/** The user data of options that were checked. */
export function userDataText(options: NodeOptions): string {
    const enabled = renderUnits(options).filter((unit) => unit.enabled);
    return renderCloudConfig(nodeFiles(options), [
        ["systemctl", "daemon-reload"],
        ["systemctl", "enable", "--now", ...enabled.map(({ name }) => name)],
    ]);
}

/** Why EC2 would not take a text as user data; undefined when it takes it. */
export function sizeProblem(nodeName: string, text: string): string | undefined {
    const size = compress(text).length;
    return size > userDataLimit
        ? `the user data of node ${nodeName} has ${size} bytes compressed, EC2 takes ${userDataLimit}: ` +
              "give fewer or shorter registry CAs (`registries[].ca`), or an image that trusts them already"
        : undefined;
}

/**
 * User data as EC2 takes it. The compression is JavaScript's own on purpose: zlib's output differs between processors
 * and Node versions, and other bytes replace the instance.
 */
export function encodeUserData(text: string): string {
    return Buffer.from(compress(text)).toString("base64");
}

function compress(text: string): Uint8Array {
    return gzipSync(Buffer.from(text), { level: 9, mtime: 0 });
}

function nodeFiles(options: NodeOptions): NodeFile[] {
    const file = (path: string, content: string, mode = "0644") => ({ path, mode, content });
    const proxy = renderProxyEnvironment(options);
    return [
        ...scriptNames.map((name) =>
            file(`${paths.scripts}/${name}`, readScript(name), name === "lib.sh" ? "0644" : "0755"),
        ),
        file(`${paths.config}/node.conf`, renderNodeConf(options)),
        file(`${paths.config}/buildkitd.toml`, renderBuildkitdConfig(options)),
        file(`${paths.config}/metadata.nft`, renderMetadataRules()),
        file(`${paths.config}/gate.nft`, renderGateRules()),
        ...(proxy === "" ? [] : [file(`${paths.config}/proxy.env`, proxy)]),
        ...options.registries.flatMap(({ host, ca }) => (ca === undefined ? [] : [file(caFile(host), ca)])),
        ...(options.logGroupName === undefined
            ? []
            : [
                  file(`${paths.config}/cloudwatch-agent.json`, renderAgentConfig(options)),
                  file("/etc/logrotate.d/buildkit", logRotation),
              ]),
        ...renderUnits(options).map(({ name, content }) => file(`/etc/systemd/system/${name}`, content)),
    ];
}
