import type * as ec2 from "@pulumi/aws/ec2";
import * as route53 from "@pulumi/aws/route53";
import * as pulumi from "@pulumi/pulumi";
import { propertyError } from "../problems";
import type { Ec2Dns } from "./arguments";
import { type Scope, tagsOf } from "./scope";
import type { NodeSettings } from "./settings";

/** The private zone: the given one, or a new one that the nodes' VPC resolves. Others are associated with it by its owner. */
export function privateZone(scope: Scope, dns: Ec2Dns, vpcId: pulumi.Output<string>): pulumi.Output<string> {
    const { zoneId, zoneName } = dns;
    if (zoneId !== undefined) {
        return route53.getZoneOutput({ zoneId }, { parent: scope.parent }).apply((zone) => {
            const found = zone.name.replace(/\.$/, "");
            const wrong =
                found !== zoneName
                    ? `\`dns.zoneName\`: is ${zoneName}, but zone ${zone.zoneId} is ${found}`
                    : zone.privateZone === false
                      ? `\`dns.zoneId\`: ${zone.zoneId} is a public zone; private addresses do not belong there`
                      : undefined;
            if (wrong) {
                throw propertyError("dns", wrong);
            }
            return zone.zoneId;
        });
    }
    const zone = new route53.Zone(
        `${scope.name}-zone`,
        {
            name: zoneName,
            vpcs: [{ vpcId }],
            comment: `Nodes of builder ${scope.builderName}`,
            tags: tagsOf(scope, "-zone"),
        },
        { parent: scope.parent },
    );
    return zone.zoneId;
}

/** A node's name. Its address stays, so the record never changes with an instance. */
export function nodeRecord(
    scope: Scope,
    node: NodeSettings,
    zoneId: pulumi.Output<string>,
    networkInterface: ec2.NetworkInterface,
): route53.Record {
    return new route53.Record(
        `${scope.name}-${node.architecture}-name`,
        { zoneId, name: node.serverName, type: "A", ttl: 30, records: [networkInterface.privateIp] },
        { parent: scope.parent },
    );
}
