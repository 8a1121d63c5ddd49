import { gzipSync } from "node:zlib";
import { planOf, snakeCase, terraformType } from "../../dev/audit/plan";
import type { AwsResource } from "../../dev/audit/record";
import type { Properties } from "../../dev/rehearsal/properties";

const resource = (type: string, name: string, inputs: Properties, outputs: Properties = {}): AwsResource => ({
    ...{ type, name, inputs, outputs },
});

function planned(...resources: AwsResource[]) {
    const plan = planOf(resources);
    const of = <T extends { address: string }>(list: T[], address: string) =>
        list.find((each) => each.address === address)!;
    return {
        values: (address: string) => of(plan.planned_values.root_module.resources, address).values,
        expressions: (address: string) => of(plan.configuration.root_module.resources, address).expressions,
        addresses: plan.planned_values.root_module.resources.map(({ address }) => address),
    };
}

test.each([
    ["aws:ec2/instance:Instance", "aws_instance"],
    ["aws:ec2/securityGroup:SecurityGroup", "aws_security_group"],
    ["aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "aws_vpc_security_group_ingress_rule"],
    ["aws:ebs/volume:Volume", "aws_ebs_volume"],
    ["aws:cloudwatch/logGroup:LogGroup", "aws_cloudwatch_log_group"],
    ["aws:route53/zone:Zone", "aws_route53_zone"],
])("%s is %s", (token, type) => {
    expect(terraformType(token)).toBe(type);
});

test("a type of another provider is refused", () => {
    expect(() => terraformType("tls:index/privateKey:PrivateKey")).toThrow(/is no type of the AWS provider/);
});

test.each([
    ["iamInstanceProfile", "iam_instance_profile"],
    ["userDataBase64", "user_data_base64"],
    ["cidrIpv4", "cidr_ipv4"],
    ["httpProtocolIpv6", "http_protocol_ipv6"],
])("%s is %s", (name, attribute) => {
    expect(snakeCase(name)).toBe(attribute);
});

test("blocks are lists with a singular name, maps stay maps", () => {
    const { values } = planned(
        resource("aws:ecr/repository:Repository", "ci-image-shop/api", {
            imageScanningConfiguration: { scanOnPush: true },
            encryptionConfigurations: [{ encryptionType: "KMS" }],
            imageTagMutabilityExclusionFilters: [{ filter: "latest", filterType: "WILDCARD" }],
            tags: { costCenter: "a", Name: "b" },
        }),
    );
    expect(values("aws_ecr_repository.ci-image-shop_api")).toEqual({
        image_scanning_configuration: [{ scan_on_push: true }],
        encryption_configuration: [{ encryption_type: "KMS" }],
        image_tag_mutability_exclusion_filter: [{ filter: "latest", filter_type: "WILDCARD" }],
        tags: { costCenter: "a", Name: "b" },
    });
});

test("user data is shown as the text that it is", () => {
    const text = "#cloud-config\n";
    for (const bytes of [Buffer.from(text), gzipSync(text)]) {
        const { values } = planned(
            resource("aws:ec2/instance:Instance", "node", { userDataBase64: bytes.toString("base64") }),
        );
        expect(values("aws_instance.node").user_data).toBe(text);
    }
});

test("references are found in attributes, blocks and policies, and nowhere else", () => {
    const arn = "arn:aws:kms:eu-central-1:111122223333:key/1";
    const { addresses, expressions } = planned(
        resource("aws:kms/key:Key", "key", { description: "of sg-01" }, { id: "1", arn }),
        resource("aws:kms/key:Key", "longer", {}, { id: "10", arn: `${arn}0` }),
        resource("aws:ec2/securityGroup:SecurityGroup", "group", {}, { id: "sg-01", name: "group-1" }),
        resource(
            "aws:ec2/networkInterface:NetworkInterface",
            "interface",
            { securityGroups: ["sg-01"] },
            {
                id: "eni-01",
            },
        ),
        resource("aws:ec2/instance:Instance", "node", {
            primaryNetworkInterface: { networkInterfaceId: "eni-01" },
            rootBlockDevice: { kmsKeyId: arn },
            tags: { group: "sg-01" },
        }),
        resource("aws:iam/rolePolicy:RolePolicy", "policy", { policy: `{"Resource":"${arn}"}` }),
        resource(
            "aws:ssm/parameter:Parameter",
            "parameter",
            { name: "group-1", keyId: `${arn}0` },
            { name: "group-1" },
        ),
    );
    expect(addresses).toHaveLength(7);
    expect(expressions("aws_kms_key.key")).toEqual({});
    expect(expressions("aws_network_interface.interface")).toEqual({
        security_groups: { references: ["aws_security_group.group.id"] },
    });
    expect(expressions("aws_instance.node")).toEqual({
        primary_network_interface: [{ network_interface_id: { references: ["aws_network_interface.interface.id"] } }],
        root_block_device: [{ kms_key_id: { references: ["aws_kms_key.key.arn"] } }],
    });
    expect(expressions("aws_iam_role_policy.policy")).toEqual({ policy: { references: ["aws_kms_key.key.arn"] } });
    expect(expressions("aws_ssm_parameter.parameter").key_id).toEqual({ references: ["aws_kms_key.longer.arn"] });
});
