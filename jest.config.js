/** @type {import("jest").Config} */
module.exports = {
    testEnvironment: "node",
    // Most tests start real daemons; a busy machine takes its time.
    testTimeout: 60_000,
    maxWorkers: 2,
    testMatch: ["<rootDir>/test/**/*.test.ts"],
    transform: {
        "^.+\\.tsx?$": [
            "@swc/jest",
            {
                jsc: { parser: { syntax: "typescript", decorators: true }, target: "es2022" },
                module: { type: "commonjs" },
            },
        ],
    },
    modulePathIgnorePatterns: ["<rootDir>/dist/", "<rootDir>/.local/"],
    setupFiles: ["<rootDir>/test/support/setup.ts"],
};
