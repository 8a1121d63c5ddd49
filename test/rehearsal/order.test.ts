import { Order, renderOrder } from "../../dev/rehearsal/order";
import type { Properties } from "../../dev/rehearsal/properties";
import type { ResourceState } from "../../dev/rehearsal/resource";

const types = {
    instance: "aws:ec2/instance:Instance",
    attachment: "aws:ec2/volumeAttachment:VolumeAttachment",
    alarm: "aws:cloudwatch/metricAlarm:MetricAlarm",
    group: "aws:ec2/securityGroup:SecurityGroup",
};

function resource(kind: keyof typeof types, inputs: Properties = {}, more: Partial<ResourceState> = {}): ResourceState {
    const dependencies = kind === "instance" || kind === "group" ? [] : ["urn:instance"];
    return {
        ...{ urn: `urn:${kind}`, type: types[kind], name: kind, custom: true, inputs, dependencies },
        ...{ retainOnDelete: false, deleteBeforeReplace: false, ignoreChanges: [], additionalSecretOutputs: [] },
        ...{ hooks: {}, modelled: true, id: `id-${kind}`, outputs: {} },
        ...more,
    };
}

const instance = resource("instance", {}, { deleteBeforeReplace: true });
const attachment = resource("attachment", { instanceId: "id-instance" }, { deleteBeforeReplace: true });
const alarm = resource("alarm", { dimensions: { InstanceId: "id-instance" } });
const group = resource("group");

function order(...resources: ResourceState[]): Order {
    return new Order(new Map(resources.map((each) => [each.urn, each])));
}

const told = ({ changes }: Order) =>
    changes.map(({ op, name, replacement }) => `${op} ${name}${replacement ? "*" : ""}`);

it("a replacement makes the new resource first and deletes the old one at the end", () => {
    const changes = order(group);
    changes.note("replace", group, group);
    changes.note("create", alarm, undefined);
    changes.end([]);
    expect(told(changes)).toEqual(["create group*", "create alarm", "delete group*"]);
});

it("with deleteBeforeReplace the old one goes first, after what cannot stay without it", () => {
    const changes = order(instance, attachment, alarm);
    changes.note("replace", instance, instance);
    changes.note("replace", attachment, attachment);
    // An alarm can follow to the new instance.
    changes.note("update", alarm, alarm);
    changes.end([]);
    expect(told(changes)).toEqual([
        ...["delete attachment*", "delete instance*", "create instance*", "create attachment*", "update alarm"],
    ]);
});

it("what is not wanted any more goes last, and what stays the same is no change", () => {
    const changes = order(instance, attachment, group);
    changes.note("same", group, group);
    changes.note("update", instance, instance);
    changes.end([attachment]);
    expect(told(changes)).toEqual(["update instance", "delete attachment"]);
    expect(renderOrder(changes.changes)).toEqual([]);
});

it("components are no changes, and replacements are told to people", () => {
    const changes = order(group);
    changes.note("create", { ...alarm, custom: false }, undefined);
    changes.note("replace", group, group);
    changes.end([]);
    expect(renderOrder(changes.changes)).toEqual([
        "Order of the changes:",
        "  create group (replacement)",
        "  delete group (replacement)",
    ]);
});
