import * as fc from "fast-check";
import {
    cacheLifecyclePolicy,
    imageLifecyclePolicy,
    lifecyclePolicyProblems,
} from "../../components/registry/lifecycle";
import { isMovingTag, movingTagProblems } from "../../components/registry/movingTags";
import {
    parseRepositoryArn,
    repositoryArn,
    repositoryNameProblem,
    repositoryUrl,
} from "../../components/registry/names";
import { principalProblem, repositoryPolicy } from "../../components/registry/policy";
import { validateRegistry } from "../../components/registry/validate";
import { Problems } from "../../components/problems";

describe("the name of a repository", () => {
    test.each(["ab", "shop/api", "a.b_c__d-e--f/g", "0/1/2", "x".repeat(256)])("takes %s", (name) =>
        expect(repositoryNameProblem(name)).toBeUndefined(),
    );

    test.each([
        ["a", /2 to 256 characters, not 1/],
        ["x".repeat(257), /not 257/],
        ["Shop/API", /lower case: "shop\/api"/],
        ["shop/", /separated by/],
        ["/shop", /separated by/],
        ["shop//api", /separated by/],
        ["a..b", /separated by/],
        ["a___b", /separated by/],
        ["-a", /separated by/],
        ["shop/api:1", /without a tag/],
        ["https://x/y", /name alone/],
        ["123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop", /existingRepositories/],
        ["arn:aws:ecr:eu-central-1:123456789012:repository/shop", /existingRepositories/],
        [undefined, /must be the name/],
        ["", /must be the name/],
    ])("refuses %s", (name, reason) => expect(repositoryNameProblem(name)).toMatch(reason));

    const part = fc.stringMatching(/^[a-z0-9]{1,8}$/);
    const name = fc
        .array(fc.tuple(part, fc.constantFrom(".", "_", "__", "-", "---", "/")), { minLength: 1, maxLength: 6 })
        .map((parts) => `${parts.map(([text, separator]) => text + separator).join("")}z`);

    test("is the same in its ARN and its URL, in every partition", () => {
        const place = fc.constantFrom(
            ["aws", "eu-central-1"],
            ["aws-cn", "cn-north-1"],
            ["aws-us-gov", "us-gov-west-1"],
            ["aws-eusc", "eusc-de-east-1"],
        );
        fc.assert(
            fc.property(name, place, (text, [partition, region]) => {
                const arn = `arn:${partition}:ecr:${region}:123456789012:repository/${text}`;
                expect(parseRepositoryArn(arn)?.name).toBe(text);
                expect(repositoryArn(repositoryUrl(parseRepositoryArn(arn)!)!)).toBe(arn);
            }),
        );
    });

    test.each([
        "",
        "arn:aws:s3:::bucket",
        "arn:aws:ecr:eu-central-1:123:repository/a",
        "arn:aws:ecr:x:123456789012:repository/A",
    ])("no ARN: %s", (arn) => expect(parseRepositoryArn(arn)).toBeUndefined());
});

describe("moving tags", () => {
    test.each([
        ["latest", ["latest"], true],
        ["latest2", ["latest"], false],
        ["my-latest", ["latest"], false],
        ["dev-7", ["dev-*"], true],
        ["dev-", ["dev-*"], true],
        ["1x2", ["1.2"], false],
        ["v1.2-rc3", ["v*-rc*"], true],
        ["1.4.2", [], false],
    ])("%s with %j: %s", (tag, filters, moving) => expect(isMovingTag(tag, filters)).toBe(moving));

    test("a tag always fits the filter that is the tag, and a prefix of it with `*`", () => {
        fc.assert(
            fc.property(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,60}$/), fc.nat(60), (tag, cut) => {
                expect(isMovingTag(tag, [tag])).toBe(true);
                expect(isMovingTag(tag, [`${tag.slice(0, cut)}*`])).toBe(true);
                expect(isMovingTag(`${tag}x`, [tag])).toBe(false);
            }),
        );
    });

    test.each<[unknown, RegExp]>([
        ["latest", /must be a list of tags/],
        [["a b"], /letters, digits/],
        [[""], /letters, digits/],
        [["a*b*c*"], /two `\*` at most/],
        [["*"], /every tag movable: set `mutableTags`/],
        [["x", "x"], /given twice/],
        [["a1", "a2", "a3", "a4", "a5", "a6"], /5 at most/],
    ])("%j is refused", (tags, reason) =>
        expect(
            movingTagProblems(tags)
                .map((problem) => problem.reason)
                .join(),
        ).toMatch(reason),
    );
});

describe("lifecycle policies", () => {
    test("expire only what has no tag of images, and are taken by the rules for given ones", () => {
        const image = JSON.parse(imageLifecyclePolicy(30)) as { rules: { selection: { tagStatus: string } }[] };
        expect(image.rules.map(({ selection }) => selection.tagStatus)).toEqual(["untagged"]);
        expect(lifecyclePolicyProblems(imageLifecyclePolicy(1))).toEqual([]);
        expect(lifecyclePolicyProblems(cacheLifecyclePolicy(1, 30))).toEqual([]);
    });

    test("read as they were meant", () => {
        expect(imageLifecyclePolicy(30)).toMatchInlineSnapshot(
            `"{"rules":[{"rulePriority":10,"description":"untagged for 30 days","selection":{"tagStatus":"untagged","countType":"sinceImagePushed","countUnit":"days","countNumber":30},"action":{"type":"expire"}}]}"`,
        );
        expect(cacheLifecyclePolicy(1, 30)).toMatchInlineSnapshot(
            `"{"rules":[{"rulePriority":10,"description":"replaced caches after 1 days","selection":{"tagStatus":"untagged","countType":"sinceImagePushed","countUnit":"days","countNumber":1},"action":{"type":"expire"}},{"rulePriority":90,"description":"caches not written for 30 days","selection":{"tagStatus":"any","countType":"sinceImagePushed","countUnit":"days","countNumber":30},"action":{"type":"expire"}}]}"`,
        );
    });

    const rule = (rulePriority: number, selection: object, action = "expire") => ({
        rulePriority,
        description: "a rule of the test",
        selection: { countType: "imageCountMoreThan", countNumber: 3, ...selection },
        action: { type: action },
    });
    const text = (...rules: unknown[]) => JSON.stringify({ rules });

    test.each<[string, RegExp]>([
        ["{", /is no JSON/],
        ["null", /must be \{"rules"/],
        [text(), /at least one rule/],
        ['{"rules":[{}]}', /100 to 30720 characters, not 14/],
        [text(rule(2, { tagStatus: "untagged" }), rule(1, { tagStatus: "untagged" })), /sorted by `rulePriority`/],
        [text(rule(1, { tagStatus: "untagged" }), rule(1, { tagStatus: "untagged" })), /each with its own/],
        [
            text(rule(1, { tagStatus: "any" }), rule(2, { tagStatus: "untagged" })),
            /rules\[0\] with `tagStatus` "any" must come last/,
        ],
        [text(rule(1, { tagStatus: "tagged" })), /needs `tagPatternList` or `tagPrefixList`/],
        [text(rule(1, { tagStatus: "tagged", tagPatternList: ["a*"], tagPrefixList: ["a"] })), /not both/],
        [text(rule(1, { tagStatus: "any", tagPrefixList: ["a"] })), /need `tagStatus` "tagged"/],
        [text(rule(1, { tagStatus: "any", countNumber: 0 })), /countNumber` must be a whole number/],
        [text(rule(0, { tagStatus: "any" })), /rulePriority` must be a whole number/],
        [text(rule(1, { tagStatus: "all" })), /tagged, untagged or any/],
        [text(rule(1, { tagStatus: "any" }, "delete")), /expire or transition/],
    ])("%s is refused", (policy, reason) => expect(lifecyclePolicyProblems(policy).join("\n")).toMatch(reason));
});

describe("repository policies", () => {
    test("give nobody anything by default", () => {
        expect(repositoryPolicy({ pull: [], push: [] })).toBeUndefined();
    });

    test("name each statement and give no more than its calls", () => {
        const role = "arn:aws:iam::210987654321:role/ci/push";
        const policy = repositoryPolicy({
            pull: ["222222222222", "111111111111"],
            push: [role],
            organizationId: "o-a1b2c3d4e5",
        });
        const { Statement } = JSON.parse(policy!) as { Statement: Record<string, unknown>[] };
        const pull = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
        expect(Statement).toEqual([
            {
                Sid: "PullFromOtherAccounts",
                Effect: "Allow",
                Principal: { AWS: ["111111111111", "222222222222"] },
                Action: pull,
            },
            {
                Sid: "PushFromOtherAccounts",
                Effect: "Allow",
                Principal: { AWS: [role] },
                Action: [
                    ...pull,
                    "ecr:CompleteLayerUpload",
                    "ecr:InitiateLayerUpload",
                    "ecr:PutImage",
                    "ecr:UploadLayerPart",
                ],
            },
            {
                Sid: "PullFromOrganization",
                Effect: "Allow",
                Principal: "*",
                Action: pull,
                Condition: { StringEquals: { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } },
            },
        ]);
        expect(policy).not.toMatch(/ecr:\*|Delete|SetRepository/);
    });

    test.each<[unknown, RegExp]>([
        ["*", /open the repository to the world/],
        ["arn:aws:iam::*:root", /open the repository/],
        ["12345", /account \(12 digits\)/],
        [123456789012, /in quotes/],
        ["arn:aws:sts::123456789012:assumed-role/x/y", /instead of its session/],
        ["arn:aws:iam::123456789012:policy/x", /role or user/],
    ])("nobody: %s", (principal, reason) => expect(principalProblem(principal)).toMatch(reason));
});

function errorsOf(args: object): string {
    const problems = new Problems();
    validateRegistry(args, problems);
    try {
        problems.throwIfAny("the registry");
        return "";
    } catch (error) {
        return (error as Error).message;
    }
}

const repositories = ["shop/api"];
const shopArn = "arn:aws:ecr:eu-central-1:123456789012:repository/shop/api";
const shopUrl = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop/api";

describe("the arguments of a registry", () => {
    test.each([
        { repositories },
        { repositories: ["shop/api", "shop/web"], movingTags: ["latest", "main", "edge"], namePrefix: "acme/" },
        { existingRepositories: [{ name: "shop/api" }] },
        { existingRepositories: [{ name: "shop/api", arn: shopArn }], existingCacheRepository: { name: "c0" } },
        { repositories: ["shop/web"], existingRepositories: [{ name: "shop/api", url: shopUrl }] },
        {
            repositories,
            kmsKeyArn: "arn:aws:kms:eu-central-1:123456789012:key/mrk-0123",
            pushPrincipals: ["123456789012"],
        },
        { repositories, kmsKeyArn: Promise.resolve("later"), pullPrincipals: [Promise.resolve("later")] },
    ])("takes %j", (args) => expect(errorsOf(args)).toBe(""));

    test.each<[object, RegExp]>([
        [{}, /`repositories`: must name at least one repository/],
        [
            { repositories: "shop/api" },
            /`repositories`: must be a list, for example \["shop\/api"\] \(got "shop\/api"\)/,
        ],
        [{ repositories: ["Shop"] }, /`repositories\[0\]`: must be lower case: "shop" \(got "Shop"\)/],
        [
            { repositories: ["a/b", "a/b"] },
            /`repositories\[1\]`: is the repository of `repositories\[0\]` too: name it once/,
        ],
        [
            { repositories: ["a/b", "a/b-cache"] },
            /`cacheRepository`: is the repository of `repositories\[1\]` too: the cache needs its own/,
        ],
        [
            { repositories, cacheRepository: "shop/api" },
            /`cacheRepository`: is the repository of `repositories\[0\]` too/,
        ],
        [
            { repositories, existingCacheRepository: { name: "shop/api" } },
            /`existingCacheRepository.name`: is the repository of/,
        ],
        [
            { repositories, cacheRepository: "c0", existingCacheRepository: { name: "c1" } },
            /cannot be given together with `existingCacheRepository`/,
        ],
        [
            { repositories: ["x".repeat(254)] },
            /`cacheRepository`: the default must have 2 to 256 characters, not 260: give a shorter one/,
        ],
        [{ repositories, namePrefix: "Acme-" }, /`namePrefix`: must be lower case/],
        [
            { repositories: ["x".repeat(250)], cacheRepository: "c0", namePrefix: "acme-team-" },
            /`repositories\[0\]`: with `namePrefix` must have 2 to 256/,
        ],
        [
            { repositories, existingRepositories: [{ name: "shop/api" }] },
            /`existingRepositories\[0\].name`: is the repository of `repositories\[0\]`/,
        ],
        [
            { existingRepositories: [{ name: "shop/web", arn: shopArn }] },
            /is that of "shop\/api", and `name` is "shop\/web"/,
        ],
        [
            { existingRepositories: [{ name: "shop/api", arn: shopUrl }] },
            /`existingRepositories\[0\].arn`: must be the ARN/,
        ],
        [
            { existingRepositories: [{ name: "shop/api", url: "ghcr.io/shop/api" }] },
            /must be the URL of an ECR repository/,
        ],
        [
            { existingRepositories: [{ name: "shop/api", url: shopUrl, arn: shopArn }] },
            /cannot be given together with `arn`/,
        ],
        [{ existingRepositories: ["shop/api"] }, /`existingRepositories\[0\]`: must be an object with name, arn, url/],
        [{ repositories, movingTags: ["la test"] }, /`movingTags\[0\]`: must be a tag of letters/],
        [
            { repositories, movingTags: ["latest"], mutableTags: true },
            /`movingTags`: says nothing when `mutableTags` is true/,
        ],
        [{ repositories, untaggedDays: 0 }, /`untaggedDays`: must be a whole number of days from 1/],
        [{ repositories, cacheDays: 0.5 }, /`cacheDays`/],
        [
            { repositories, untaggedDays: 3, lifecyclePolicy: imageLifecyclePolicy(1) },
            /`untaggedDays`: cannot be given together/,
        ],
        [{ repositories, lifecyclePolicy: "{}" }, /`lifecyclePolicy`: must be \{"rules"/],
        [{ repositories, lifecyclePolicy: { rules: [] } }, /`lifecyclePolicy`: must be JSON text/],
        [{ repositories, kmsKeyArn: "alias/ecr" }, /must be the ARN of a KMS key, .*not an alias or an id/],
        [{ repositories, kmsKeyArn: "arn:aws:kms:eu-central-1:123456789012:key/1", createKmsKey: true }, /choose one/],
        [{ repositories, pullPrincipals: ["*"] }, /`pullPrincipals\[0\]`.*open the repository to the world/],
        [{ repositories, pushPrincipals: [7] }, /`pushPrincipals\[0\]`/],
        [{ repositories, pullOrganizationId: "acme" }, /`pullOrganizationId`: must be the id of an AWS organization/],
    ])("refuses %j", (args, reason) => expect(errorsOf(args)).toMatch(reason));
});
