import { type Call, type PolicyDocument, type PolicyStatement, allows } from "./evaluator";

const policy = (...statements: Partial<PolicyStatement>[]): PolicyDocument => ({
    Version: "2012-10-17",
    Statement: statements.map((each, i) => ({ Sid: `S${i}`, Effect: "Allow", Action: "s3:GetObject", ...each })),
});
const call: Call = { action: "s3:GetObject", resource: "arn:aws:s3:::a/b" };

test.each<[string, boolean, PolicyDocument, Call]>([
    ["nothing is allowed without a statement", false, policy(), call],
    ["an action in other letters", true, policy({ Action: "S3:getobject", Resource: "*" }), call],
    ["another action", false, policy({ Action: "s3:PutObject", Resource: "*" }), call],
    ["a pattern of actions", true, policy({ Action: ["ec2:*", "s3:Get*"], Resource: "*" }), call],
    ["a pattern of resources", true, policy({ Resource: "arn:aws:s3:::a/*" }), call],
    ["one character of a resource", true, policy({ Resource: "arn:aws:s3:::?/b" }), call],
    ["a resource in other letters", false, policy({ Resource: "arn:aws:s3:::A/b" }), call],
    ["a dot is a dot", false, policy({ Resource: "arn:aws:s3:::a.b" }), call],
    ["the beginning of a resource", false, policy({ Resource: "arn:aws:s3:::a" }), call],
    ["a denial wins", false, policy({ Resource: "*" }, { Effect: "Deny", Resource: "*" }), call],
    ["a denial of something else", true, policy({ Resource: "*" }, { Effect: "Deny", Action: "s3:Put*" }), call],
])("%s", (_, allowed, document, asked) => {
    expect(allows(document, asked)).toBe(allowed);
});

test.each<[string, boolean, PolicyStatement["Condition"], Record<string, string>]>([
    ["equal", true, { StringEquals: { k: ["a", "b"] } }, { k: "b" }],
    ["not equal", false, { StringEquals: { k: "a" } }, { k: "A" }],
    ["a pattern where none is taken", false, { StringEquals: { k: "a*" } }, { k: "ab" }],
    ["a pattern", true, { StringLike: { k: "a*" } }, { k: "ab" }],
    ["an ARN", true, { ArnEquals: { k: "arn:aws:logs:*:1:log-group:/p" } }, { k: "arn:aws:logs:eu:1:log-group:/p" }],
    ["a key that the call does not bring", false, { Bool: { k: "true" } }, {}],
    ["the same, where that is fine", true, { BoolIfExists: { k: "true" } }, {}],
    ["but not with another value", false, { BoolIfExists: { k: "true" } }, { k: "false" }],
    ["all keys and operators", false, { Bool: { k: "true" }, StringEquals: { l: "a" } }, { k: "true", l: "b" }],
])("a condition: %s", (_, allowed, Condition, context) => {
    expect(allows(policy({ Resource: "*", Condition }), { ...call, context })).toBe(allowed);
});

test.each<[string, boolean, PolicyStatement["Principal"], string]>([
    ["everybody", true, "*", "arn:aws:iam::111122223333:role/a"],
    ["a role by its ARN", true, { AWS: ["arn:aws:iam::111122223333:role/a"] }, "arn:aws:iam::111122223333:role/a"],
    ["another role", false, { AWS: "arn:aws:iam::111122223333:role/a" }, "arn:aws:iam::111122223333:role/b"],
    ["an account for its roles", true, { AWS: "111122223333" }, "arn:aws:iam::111122223333:role/a"],
    ["an account by its root", true, { AWS: "arn:aws:iam::111122223333:root" }, "arn:aws:iam::111122223333:user/u"],
    ["another account", false, { AWS: "111122223333" }, "arn:aws:iam::444455556666:role/a"],
    ["a service", true, { Service: "ec2.amazonaws.com" }, "ec2.amazonaws.com"],
    ["another service", false, { Service: "ec2.amazonaws.com" }, "ecs.amazonaws.com"],
])("a principal: %s", (_, allowed, Principal, principal) => {
    expect(allows(policy({ Principal }), { action: "s3:GetObject", principal })).toBe(allowed);
});

test("variables stand for the caller's own values", () => {
    const own = policy({ Resource: "arn:aws:ssm:eu:1:session/${aws:userid}-*" });
    const context = { "aws:userid": "AROA:me" };
    expect(allows(own, { ...call, resource: "arn:aws:ssm:eu:1:session/AROA:me-0a", context })).toBe(true);
    expect(allows(own, { ...call, resource: "arn:aws:ssm:eu:1:session/AROA:you-0a", context })).toBe(false);
    expect(allows(own, { ...call, resource: "arn:aws:ssm:eu:1:session/-0a" })).toBe(false);
});

test("what it does not know is refused", () => {
    expect(() => allows(policy({ Resource: "*", Condition: { DateLessThan: { k: "2030" } } }), call)).toThrow(
        /no operator DateLessThan/,
    );
    expect(() => allows(policy({ NotAction: "s3:*" } as never), call)).toThrow(/no NotAction/);
});
