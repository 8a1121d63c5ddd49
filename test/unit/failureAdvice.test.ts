import { failureAdvice } from "../../components/image/failureAdvice";

const digest = `sha256:${"0".repeat(64)}`;
const push = (cause: string) => `failed to build: failed to solve: failed to push r.test:5000/app: ${cause}`;

// Texts of BuildKit 0.33.1 and buildx 0.37.0, and ECR's own words.
test.each([
    [push('failed to do request: Head "https://r.test": dial tcp: connect: connection refused'), "does not answer"],
    [push("unexpected status from HEAD request to https://r.test/v2/app: 401 Unauthorized"), "refuses the login"],
    [push("denied: Your authorization token has expired. Reauthenticate and try again."), "refuses the login"],
    [push("denied"), "denies it"],
    [push("name unknown: The repository with name 'app' does not exist in the registry"), "repository does not exist"],
    [
        `publish ${digest} to r.test:5000/app:1.0: failed commit on ref: 403 Forbidden\ndenied: tag is immutable`,
        "denies it",
    ],
    [`r.test:5000/app@${digest}: not found`, "set `rebuild`"],
    ["context deadline exceeded", "not done within its time limit"],
    ["failed to solve: ResourceExhausted: write /var/lib/buildkit/cache.db: no space left on device", "a disk is full"],
])("%s", (error, advice) => {
    expect(failureAdvice("app", error, true)).toContain(advice);
});

test("names the repository that cannot be written, with port and tag", () => {
    expect(failureAdvice("app", push("denied"), false)).toMatch(/^r\.test:5000\/app cannot be written for app: /);
    const index = `publish ${digest} to r.test:5000/app:1.0: unexpected status: 403 Forbidden`;
    expect(failureAdvice("app", index, true)).toMatch(/^r\.test:5000\/app:1\.0 cannot be written/);
});

test.each([
    ['process "/bin/sh -c make" did not complete successfully: exit code: 2'],
    ["HTTP 403 Forbidden: permission denied"],
    [`failed to solve: base.test/x@${digest}: not found`],
])("says nothing about a build's own failure: %s", (error) => {
    expect(failureAdvice("app", error, false)).toBeUndefined();
});
