/** ECR's limit of exclusion filters. */
const maxFilters = 5;

/** Why a list of moving tags is not taken, item by item; empty when it is. */
export function movingTagProblems(tags: unknown): { index?: number; value: unknown; reason: string }[] {
    if (!Array.isArray(tags)) {
        return [{ value: tags, reason: 'must be a list of tags, for example ["latest", "main"]' }];
    }
    const list: unknown[] = tags;
    const problems = list.flatMap((value, index) => {
        const reason = filterProblem(value) ?? (list.indexOf(value) < index ? "is given twice" : undefined);
        return reason ? [{ index, value, reason }] : [];
    });
    if (list.length > maxFilters) {
        const reason = `must hold ${maxFilters} at most: join some with a \`*\`, or set \`mutableTags\``;
        return [...problems, { value: list, reason }];
    }
    return problems;
}

/** https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageTagMutabilityExclusionFilter.html */
function filterProblem(filter: unknown): string | undefined {
    if (typeof filter !== "string" || !/^[0-9a-zA-Z._*-]{1,128}$/.test(filter)) {
        return "must be a tag of letters, digits, `.`, `_`, `-` and `*`, 128 characters at most";
    }
    if (filter.split("*").length > 3) {
        return "must hold two `*` at most";
    }
    return /^\*+$/.test(filter) ? "would make every tag movable: set `mutableTags` for that" : undefined;
}

/** Whether a tag may move: `*` in a filter stands for any characters, and also for none. */
export function isMovingTag(tag: string, filters: readonly string[]): boolean {
    return filters.some((filter) => {
        const pattern = filter
            .split("*")
            .map((part) => part.replace(/[.\\+?^${}()|[\]-]/g, "\\$&"))
            .join(".*");
        return new RegExp(`^${pattern}$`).test(tag);
    });
}
