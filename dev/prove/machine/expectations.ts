/** Throws unless a text has a piece. */
export function expectText(text: string, piece: string | RegExp): void {
    if (typeof piece === "string" ? !text.includes(piece) : !piece.test(text)) {
        throw new Error(`expected ${String(piece)} in:\n${text.trimEnd() || "(nothing)"}`);
    }
}

/** Throws if a text has a piece. */
export function expectNoText(text: string, piece: string | RegExp): void {
    if (typeof piece === "string" ? text.includes(piece) : piece.test(text)) {
        throw new Error(`did not expect ${String(piece)} in:\n${text.trimEnd()}`);
    }
}

export function expectEqual<T>(got: T, wanted: T, what: string): void {
    if (got !== wanted) {
        throw new Error(`${what} is ${JSON.stringify(got)}, expected ${JSON.stringify(wanted)}`);
    }
}

/** Throws if a build that must fail did not. */
export function expectFailure(status: number | null): void {
    if (status === 0) {
        throw new Error("the build succeeded, and must not");
    }
}
