/** Whether a version is at least another one, by its numbers; what cannot be read counts as old. */
export function isAtLeast(version: string, least: string): boolean {
    const [found, wanted] = [numbers(version), numbers(least)];
    const differing = wanted.findIndex((part, i) => part !== (found[i] ?? 0));
    return found.length > 0 && (differing === -1 || (found[differing] ?? 0) > wanted[differing]!);
}

function numbers(version: string): number[] {
    return (/\d+(?:\.\d+)*/.exec(version)?.[0] ?? "").split(".").filter(Boolean).map(Number);
}
