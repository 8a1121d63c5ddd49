import * as cloudwatch from "@pulumi/aws/cloudwatch";
import type * as ec2 from "@pulumi/aws/ec2";
import * as pulumi from "@pulumi/pulumi";
import { fitting } from "../names";
import { metricNamespace } from "../node/agent";
import { type Scope, tagsOf } from "./scope";
import { type NodeSettings, defaults } from "./settings";

/** The log group of all nodes, a stream for each. */
export function logGroup(scope: Scope, keyArn: pulumi.Output<string>): cloudwatch.LogGroup {
    return new cloudwatch.LogGroup(
        `${scope.name}-logs`,
        {
            name: scope.path,
            retentionInDays: scope.args.monitoring?.logRetentionDays ?? defaults.logRetentionDays,
            kmsKeyId: keyArn,
            tags: tagsOf(scope, "-logs"),
        },
        { parent: scope.parent },
    );
}

/**
 * Alarms of a node. A sleeping one sends no metrics, and missing data counts as fine. EC2 recovers a node whose host failed
 * and reboots one that hangs; the third alarm finds a node that should sleep and does not, because that costs money only.
 */
export function nodeAlarms(scope: Scope, node: NodeSettings, instance: ec2.Instance): void {
    const { args, name, parent, namePrefix, builderName, partition, region } = scope;
    const owner = `${namePrefix}${pulumi.getProject()}-${pulumi.getStack()}-${builderName}`;
    const told = args.monitoring?.alarmActionArns ?? [];
    const automatic = (action: string) => pulumi.interpolate`arn:${partition}:automate:${region}:ec2:${action}`;
    const alarm = (suffix: string, own: pulumi.Input<string>[], args: cloudwatch.MetricAlarmArgs) =>
        new cloudwatch.MetricAlarm(
            `${name}-${node.architecture}-${suffix}`,
            {
                namespace: "AWS/EC2",
                ...args,
                name: fitting(`${owner}-${node.architecture}-${suffix}`, 255),
                dimensions: { InstanceId: instance.id },
                treatMissingData: "notBreaching",
                alarmActions: [...own, ...told],
                tags: tagsOf(scope, `-${node.architecture}-${suffix}`),
            },
            { parent },
        );
    const failing = { statistic: "Maximum", comparisonOperator: "GreaterThanThreshold", threshold: 0, period: 60 };
    alarm("system-check", [automatic("recover")], {
        ...failing,
        metricName: "StatusCheckFailed_System",
        evaluationPeriods: 2,
        alarmDescription: `The host of ${node.name} failed; EC2 moves it to another one.`,
    });
    alarm("instance-check", [automatic("reboot")], {
        ...failing,
        metricName: "StatusCheckFailed_Instance",
        // Longer than a first boot, which must not be cut short.
        evaluationPeriods: 5,
        alarmDescription: `The system of ${node.name} does not answer; it is rebooted.`,
    });
    alarm("cache-full", [], {
        namespace: metricNamespace(builderName),
        metricName: "disk_used_percent",
        statistic: "Minimum",
        comparisonOperator: "GreaterThanThreshold",
        threshold: 95,
        period: 300,
        evaluationPeriods: 3,
        alarmDescription: `The cache volume of ${node.name} stays full: garbage collection cannot free it; see the node's log.`,
    });
    const hours = args.monitoring?.awakeHours ?? defaults.awakeHours;
    if ((args.idleStopMinutes ?? defaults.idleStopMinutes) > 0) {
        alarm("awake", [], {
            metricName: "StatusCheckFailed",
            // The metric is sent while the node runs: any sample in an hour means awake.
            statistic: "SampleCount",
            comparisonOperator: "GreaterThanOrEqualToThreshold",
            threshold: 1,
            period: 3600,
            evaluationPeriods: hours,
            alarmDescription: `${node.name} has not slept for ${hours} hours: its idle stop may be broken.`,
        });
    }
}
