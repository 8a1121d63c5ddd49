interface Rule {
    rulePriority: number;
    description: string;
    selection: { tagStatus: string; countType: string; countUnit: string; countNumber: number };
    action: { type: string };
}

/**
 * The lifecycle policy of an image repository: only what has no tag expires, so no image that anybody can name does.
 * The platforms' images of an index have no tag of their own and match the rule, but ECR never expires what an index in the
 * repository refers to: "If an image is referenced by a manifest list, it cannot be expired or archived without the
 * manifest list being deleted or archived first"
 * (https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html). An index loses its last tag only when a
 * moving tag moves on; then it expires, and its images after it.
 */
export function imageLifecyclePolicy(untaggedDays: number): string {
    return policyText([expire(10, `untagged for ${untaggedDays} days`, "untagged", untaggedDays)]);
}

/**
 * The lifecycle policy of the cache repository. A cache is one manifest with a tag and no index refers to it: without its
 * tag, which the next build took, nobody can find it. A cache that was not written for long belongs to a branch or an image
 * that is gone; at worst the next build runs its steps again.
 */
export function cacheLifecyclePolicy(untaggedDays: number, days: number): string {
    return policyText([
        expire(10, `replaced caches after ${untaggedDays} days`, "untagged", untaggedDays),
        // ECR wants the rule for any status to come last.
        expire(90, `caches not written for ${days} days`, "any", days),
    ]);
}

function expire(rulePriority: number, description: string, tagStatus: string, days: number): Rule {
    return {
        rulePriority,
        description,
        selection: { tagStatus, countType: "sinceImagePushed", countUnit: "days", countNumber: days },
        action: { type: "expire" },
    };
}

function policyText(rules: Rule[]): string {
    return JSON.stringify({ rules });
}

/**
 * What is wrong with a lifecycle policy as far as a person writing one goes wrong; AWS checks the rest.
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
 */
export function lifecyclePolicyProblems(text: string): string[] {
    let policy: unknown;
    try {
        policy = JSON.parse(text);
    } catch (error) {
        return [`is no JSON: ${(error as Error).message}`];
    }
    const rules = (policy as { rules?: unknown } | null)?.rules;
    if (!Array.isArray(rules) || rules.length === 0) {
        return ['must be {"rules": [...]} with at least one rule'];
    }
    if (text.length < 100 || text.length > 30720) {
        return [`must have 100 to 30720 characters, not ${text.length}`];
    }
    const problems = rules.flatMap((rule, i) => ruleProblems(rule as PartialRule | null, `rules[${i}]`));
    const priorities = rules.map((rule) => (rule as PartialRule | null)?.rulePriority);
    if (priorities.some((priority, i) => i > 0 && Number(priority) <= Number(priorities[i - 1]))) {
        problems.push(
            "its rules must be sorted by `rulePriority`, each with its own: ECR sorts them, and any other order is a change in every update",
        );
    }
    const any = rules.findIndex((rule) => (rule as PartialRule | null)?.selection?.tagStatus === "any");
    if (any !== -1 && any !== rules.length - 1) {
        problems.push(`rules[${any}] with \`tagStatus\` "any" must come last`);
    }
    return problems;
}

interface PartialRule {
    rulePriority?: unknown;
    selection?: {
        tagStatus?: unknown;
        tagPatternList?: unknown[];
        tagPrefixList?: unknown[];
        countType?: unknown;
        countNumber?: unknown;
        countUnit?: unknown;
    };
    action?: { type?: unknown };
}

const countTypes = ["imageCountMoreThan", "sinceImagePushed", "sinceImagePulled", "sinceImageTransitioned"];

function isPattern(tag: string): boolean {
    return /^[0-9A-Za-z._*-]{1,128}$/.test(tag) && tag.split("*").length <= 5;
}

function ruleProblems(rule: PartialRule | null, at: string): string[] {
    const problems: string[] = [];
    const selection = rule?.selection;
    if (!Number.isInteger(rule?.rulePriority) || Number(rule?.rulePriority) < 1) {
        problems.push(`${at}: \`rulePriority\` must be a whole number from 1`);
    }
    if (!["tagged", "untagged", "any"].includes(String(selection?.tagStatus))) {
        problems.push(`${at}: \`selection.tagStatus\` must be tagged, untagged or any`);
    }
    if (!Number.isInteger(selection?.countNumber) || Number(selection?.countNumber) < 1) {
        problems.push(`${at}: \`selection.countNumber\` must be a whole number from 1`);
    }
    const { countType, countUnit } = selection ?? {};
    if (!countTypes.includes(String(countType))) {
        problems.push(`${at}: \`selection.countType\` must be ${countTypes.join(", ")}`);
    } else if ((countUnit === "days") === (countType === "imageCountMoreThan")) {
        problems.push(`${at}: \`selection.countUnit\` must be days, and left out with imageCountMoreThan`);
    }
    const lists = [selection?.tagPatternList, selection?.tagPrefixList].filter((list) => list !== undefined);
    if (selection?.tagStatus === "tagged" && lists.length !== 1) {
        problems.push(`${at}: \`tagStatus\` "tagged" needs \`tagPatternList\` or \`tagPrefixList\`, not both`);
    }
    if (selection?.tagStatus !== "tagged" && lists.length > 0) {
        problems.push(`${at}: \`tagPatternList\` and \`tagPrefixList\` need \`tagStatus\` "tagged"`);
    }
    const tags = lists.flat();
    if (lists.length > 0 && (tags.length === 0 || !tags.every((tag) => typeof tag === "string" && isPattern(tag)))) {
        problems.push(`${at}: a list of tags must name at least one, as text with at most four \`*\``);
    }
    if (!["expire", "transition"].includes(String(rule?.action?.type))) {
        problems.push(`${at}: \`action.type\` must be expire or transition`);
    }
    return problems;
}
