import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { BuilderCredentials } from "../../components/builder";
import type { MultiArchImageArgs } from "../../components/image/arguments";
import { validateImage } from "../../components/image/validate";
import { Problems } from "../../components/problems";
import { makeCredentials } from "../support/credentials";

let credentials: BuilderCredentials;
let dir: string;

/** A record that is whole. */
export const record = {
    name: "ci",
    nodes: [
        { name: "ci-amd64", platforms: ["linux/amd64"], endpoint: "tcp://10.0.0.1:1234", serverName: "amd64.ci" },
        { name: "ci-arm64", platforms: ["linux/arm64"], endpoint: "tcp://10.0.0.2:1234", serverName: "arm64.ci" },
    ],
    imageRepositoryUrl: "ghcr.io/acme/app",
    cacheRepositoryUrl: "ghcr.io/acme/cache",
};

beforeAll(async () => {
    credentials = await makeCredentials();
    dir = mkdtempSync(path.join(os.tmpdir(), "context-"));
    mkdirSync(path.join(dir, "app"));
    mkdirSync(path.join(dir, "empty"));
    mkdirSync(path.join(dir, "bare"));
    writeFileSync(path.join(dir, "app", "Dockerfile"), "FROM scratch\n");
    writeFileSync(path.join(dir, "bare", "main.c"), "");
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** The good arguments with some changed; nothing but what a program or a YAML file may hold. */
export function args(change: Record<string, unknown> = {}): MultiArchImageArgs {
    return {
        builder: record,
        credentials,
        context: path.join(dir, "app"),
        tags: ["1.4.2"],
        ...change,
    };
}

/** What is told of arguments, with DIR for the folder of the test. */
export function problemsOf(given: unknown, name = "api"): string[] {
    const problems = new Problems();
    validateImage(name, given as MultiArchImageArgs, problems);
    try {
        problems.throwIfAny("x");
        return [];
    } catch (error) {
        return (error as Error).message.replaceAll(dir, "DIR").split("\n  - ").slice(1);
    }
}

/** Puts the real folder where DIR stands. */
export function place(change: Record<string, unknown>): Record<string, unknown> {
    const put = (value: unknown): unknown => {
        if (typeof value === "string") {
            return value.replace("DIR", dir);
        }
        const isRecord =
            typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
        return isRecord ? place(value as Record<string, unknown>) : value;
    };
    return Object.fromEntries(Object.entries(change).map(([key, value]) => [key, put(value)]));
}

/** One test for each row: arguments that differ from good ones, and the only problem that is told of them. */
export function describeProblems(rows: [name: string, change: Record<string, unknown>, problem: string][]): void {
    test.each(rows)("%s", (_, change, problem) => {
        expect(problemsOf(args(place(change)))).toEqual([problem]);
    });
}
