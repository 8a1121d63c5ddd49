/**
 * Tests on a Docker engine that they start themselves, one file after another.
 * @type {import("jest").Config}
 */
module.exports = { ...require("./jest.config.js"), testMatch: ["<rootDir>/test/**/*.engine.ts"], maxWorkers: 1 };
