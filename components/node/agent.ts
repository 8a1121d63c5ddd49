import type { NodeOptions } from "./options";
import { paths } from "./paths";

/** Configuration of the CloudWatch agent. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Agent-Configuration-File-Details.html */
export function renderAgentConfig({ builderName, nodeName, logGroupName, region }: NodeOptions): string {
    const file = { file_path: `${paths.logs}/node.log`, log_group_name: logGroupName, log_stream_name: nodeName };
    const metrics = {
        namespace: metricNamespace(builderName),
        append_dimensions: { InstanceId: "${aws:InstanceId}" },
        aggregation_dimensions: [["InstanceId"]],
        metrics_collected: {
            disk: { measurement: ["used_percent"], resources: [paths.cache], drop_device: true },
            mem: { measurement: ["used_percent"] },
        },
    };
    const config = {
        // Other users than root do not reach the metadata service, where the agent's credentials come from.
        agent: { run_as_user: "root", region },
        logs: { logs_collected: { files: { collect_list: [file] } } },
        metrics,
    };
    return `${JSON.stringify(config, undefined, 2)}\n`;
}

/** Namespace of a builder's metrics: alarms and the node's role name it too. */
export function metricNamespace(builderName: string): string {
    return `BuildKit/${builderName}`;
}

/** Keeps the log file small; the agent reads it as it grows. */
export const logRotation = `${paths.logs}/node.log {
    size 50M
    rotate 2
    copytruncate
    missingok
    compress
}
`;
