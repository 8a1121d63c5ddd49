import type { Value } from "../properties";
import { type Fact, type Recorded, object, objects, text, texts } from "./recorded";

/**
 * Calls that take no resource, so that `*` is all a statement can say.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
 */
const withoutResource =
    /^(ssmmessages:(Create|Open)(Control|Data)Channel|cloudwatch:PutMetricData|ec2:Describe\w+|ecr:GetAuthorizationToken)$/;

/** Which role, and who from outside, may do what. */
export function rightsFacts(recorded: Recorded): Fact[] {
    return [
        ...recorded.of("aws:iam/role:Role").flatMap((role) => {
            const of = (type: string) =>
                recorded.of(type).filter(({ inputs }) => [role.id, role.outputs.name].includes(inputs.role as string));
            const managed = [
                ...texts(role.inputs.managedPolicyArns),
                ...of("aws:iam/rolePolicyAttachment:RolePolicyAttachment").flatMap(({ inputs }) =>
                    texts(inputs.policyArn),
                ),
            ];
            return [
                ...read(role.name, role.inputs.assumeRolePolicy, (statement) => trust(role.name, statement)),
                ...of("aws:iam/rolePolicy:RolePolicy").flatMap(({ inputs }) =>
                    grants(recorded, role.name, inputs.policy),
                ),
                ...managed.map((arn) => fact(role.name, `everything that ${arn} allows`, true)),
            ];
        }),
        ...recorded.of("aws:kms/key:Key").flatMap(({ name, inputs }) => shares(recorded, name, inputs.policy)),
        ...recorded
            .of("aws:ecr/repositoryPolicy:RepositoryPolicy")
            .flatMap(({ inputs }) => shares(recorded, text(inputs.repository), inputs.policy)),
    ];
}

function fact(subject: string, told: string, warning = false): Fact {
    return { topic: "who may do what", subject, text: told, warning };
}

type Statement = { [key: string]: Value };

/** A fact for each statement of a policy. */
function read(subject: string, policy: Value | undefined, tell: (statement: Statement) => Fact): Fact[] {
    try {
        const { Statement: found } = JSON.parse(text(policy)) as { Statement?: Value };
        return (Array.isArray(found) ? objects(found) : [object(found)]).map(tell);
    } catch {
        return [fact(subject, "a policy that is known only after the update")];
    }
}

function trust(role: string, { Sid, Principal, Condition }: Statement): Fact {
    const who = principals(Principal);
    const open = who.includes("*") && Condition === undefined;
    return fact(role, `${sid(Sid)}assumed by ${who.join(", ")}${when(Condition)}`, open);
}

/** What a policy of a role allows. */
function grants(recorded: Recorded, role: string, policy: Value | undefined): Fact[] {
    return read(role, policy, ({ Sid, Effect, Action, NotAction, Resource, NotResource, Condition }) => {
        const actions = texts(Action);
        const anyAction = NotAction !== undefined || actions.some((action) => /(^|:)\*$/.test(action));
        const anyResource = NotResource !== undefined || texts(Resource).includes("*");
        const careless = anyResource && !actions.every((action) => withoutResource.test(action));
        const verb = Effect === "Deny" ? "never " : "";
        const on = anyResource ? (careless ? "ANY RESOURCE" : "any (the calls take no resource)") : text(Resource);
        const what = NotAction === undefined ? actions.join(", ") : `ALL BUT ${text(NotAction)}`;
        const told = `${sid(Sid)}${verb}${what} → ${recorded.called(on)}${recorded.called(when(Condition))}`;
        return fact(role, told, Effect !== "Deny" && (anyAction || careless));
    });
}

/** What a policy on a resource allows to others; `*` is the resource itself. */
function shares(recorded: Recorded, resource: string, policy: Value | undefined): Fact[] {
    return read(resource, policy, ({ Sid, Effect, Principal, Action, Condition }) => {
        const who = principals(Principal);
        const open = Effect !== "Deny" && who.includes("*") && Condition === undefined;
        const may = Effect === "Deny" ? "may never" : "may";
        const by = open ? "EVERYBODY" : who.join(", ");
        return fact(resource, `${sid(Sid)}${by} ${may} ${text(Action)}${recorded.called(when(Condition))}`, open);
    });
}

function sid(value: Value | undefined): string {
    return value === undefined ? "" : `${text(value)}: `;
}

function principals(value: Value | undefined): string[] {
    return typeof value === "string" ? [value] : Object.values(object(value)).flatMap(texts);
}

function when(condition: Value | undefined): string {
    const tests = Object.entries(object(condition)).flatMap(([operator, keys]) =>
        Object.entries(object(keys)).map(([key, value]) => `${key} ${operator} ${text(value)}`),
    );
    return tests.length > 0 ? `, when ${tests.join(" and ")}` : "";
}
