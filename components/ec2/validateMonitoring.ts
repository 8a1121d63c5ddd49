import type { Note } from "../kinds";
import { isPlain } from "../problems";
import type { Ec2BuildersArgs } from "./arguments";

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
const retentions = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/** An alarm takes five actions, and one is EC2's own. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html */
const maxActions = 4;

/** Checks log group and alarms. */
export function validateMonitoring({ monitoring, idleStopMinutes }: Ec2BuildersArgs, note: Note): void {
    const { logRetentionDays: days, awakeHours, alarmActionArns: actions = [] } = monitoring ?? {};
    if (days !== undefined && !retentions.includes(days)) {
        note("monitoring.logRetentionDays", days, `CloudWatch keeps logs for ${retentions.join(", ")} days only`);
    }
    if (idleStopMinutes === 0 && awakeHours !== undefined) {
        note("monitoring.awakeHours", awakeHours, "has no use while `idleStopMinutes` is 0: nodes never sleep");
    }
    if (actions.length > maxActions) {
        const reason = `must hold ${maxActions} at most, not ${actions.length}: an alarm takes five, and one recovers the node`;
        note("monitoring.alarmActionArns", undefined, reason);
    }
    actions.forEach((arn, i) => {
        if (isPlain(arn) && !/^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:(\d{12})?:[\w+=,.@:/-]+$/.test(arn)) {
            const example = "arn:aws:sns:eu-central-1:111122223333:ops";
            note(`monitoring.alarmActionArns[${i}]`, arn, `must be an ARN, for example ${example}`);
        }
    });
}
