/** Who may use a repository from outside its account. */
export interface Sharing {
    pull: string[];
    push: string[];
    organizationId?: string;
}

/** The calls of a pull. https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html */
export const pullActions = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];

/** The calls of a push; a push also reads, to find what is there already. */
export const pushActions = [
    ...pullActions,
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
];

/** The policy of a repository as JSON text; undefined when nobody is given a right. */
export function repositoryPolicy({ pull, push, organizationId }: Sharing): string | undefined {
    const statements = [
        ...(pull.length > 0 ? [allow("PullFromOtherAccounts", { AWS: sorted(pull) }, pullActions)] : []),
        ...(push.length > 0 ? [allow("PushFromOtherAccounts", { AWS: sorted(push) }, pushActions)] : []),
        ...(organizationId
            ? [
                  {
                      ...allow("PullFromOrganization", "*", pullActions),
                      Condition: { StringEquals: { "aws:PrincipalOrgID": organizationId } },
                  },
              ]
            : []),
    ];
    return statements.length > 0 ? JSON.stringify({ Version: "2012-10-17", Statement: statements }) : undefined;
}

/** IAM does not keep the order: a fixed one is no change from run to run. */
function sorted(principals: string[]): string[] {
    return [...new Set(principals)].sort();
}

function allow(sid: string, principal: unknown, actions: string[]) {
    return { Sid: sid, Effect: "Allow", Principal: principal, Action: actions };
}

/** Why a text is nobody that a right can be given to; undefined when it is. */
export function principalProblem(principal: unknown): string | undefined {
    const expected = "must be an account (12 digits) or the ARN of an IAM role or user";
    if (typeof principal !== "string") {
        return typeof principal === "number" ? `${expected}: put the account in quotes` : expected;
    }
    if (principal.includes("*")) {
        return `${expected}; a \`*\` would open the repository to the world, see \`pullOrganizationId\``;
    }
    if (/^arn:aws[a-z-]*:sts::/.test(principal)) {
        return `${expected}: give the role instead of its session`;
    }
    const iam = /^arn:aws[a-z-]*:iam::\d{12}:(root|(role|user)\/[\w+=,.@/-]+)$/;
    return /^\d{12}$/.test(principal) || iam.test(principal) ? undefined : expected;
}

/** Why a text is no id of an organization; undefined when it is one. */
export function organizationProblem(id: unknown): string | undefined {
    return typeof id === "string" && /^o-[a-z0-9]{10,32}$/.test(id)
        ? undefined
        : "must be the id of an AWS organization, for example o-a1b2c3d4e5";
}
