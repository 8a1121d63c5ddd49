/**
 * What to try when a step of a Dockerfile fails; undefined where the error says it. What a registry or a node does to a
 * build is told by the components themselves: `components/image/failureAdvice.ts`.
 */
export function buildAdvice(error: string): string | undefined {
    return advice.find(([pattern]) => pattern.test(error))?.[1];
}

const advice: [pattern: RegExp, text: string][] = [
    [
        /exec format error/i,
        "the step runs a program of another CPU than the node's. Compile for the target on the node's own CPU " +
            "(`FROM --platform=$BUILDPLATFORM …` and TARGETARCH), or build this platform on a node of its architecture",
    ],
    [
        /exit code: 137/,
        "the step was killed, most likely because memory ran out: give the node more, or let the step do less at a time " +
            "(fewer parallel compilers)",
    ],
    [
        /exec: "[^"]*": (?:executable file not found|stat [^\n]*no such file)|\/bin\/sh: no such file/i,
        'the image has no such program: install it in a step before, or, where there is no shell, use RUN ["/program", "argument"]',
    ],
    [/exit code: 127/, "a command of the step is not in the image: install it in a step before, or correct its name"],
    [
        /failed to calculate checksum|failed to compute cache key[^\n]*not found/,
        "a COPY or ADD names what the context does not hold: paths are relative to the context's folder, and .dockerignore " +
            "leaves files out",
    ],
    [/failed to read dockerfile|no such file or directory[^\n]*Dockerfile/, "name the Dockerfile with its path"],
    [/dockerfile parse error|unknown instruction/i, "correct the line of the Dockerfile that is named above"],
    [
        /no match for platform in manifest/,
        "the base image does not exist for this platform: use another base image, or leave the platform out",
    ],
    [
        /toomanyrequests|429 Too Many Requests/i,
        "the registry of the base image limits downloads: log in there, or use a mirror",
    ],
    [
        /failed to (?:resolve source metadata|do request)[^\n]*(?:dial tcp|no such host|i\/o timeout|connection refused)/,
        "the registry of the base image cannot be reached from the node: check its network, proxy and DNS",
    ],
    [
        /failed to resolve source metadata/,
        "check the name and tag of the base image, and the login at its registry if it is private",
    ],
    [
        /did not complete successfully: exit code/,
        "correct what the step complains of, above, and run it again: the steps before it come from the cache",
    ],
];
