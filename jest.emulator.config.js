/**
 * Tests that change the kernel of the machine for everything that runs on it, so they run alone: `npm run test:emulator`.
 * @type {import("jest").Config}
 */
module.exports = { ...require("./jest.config.js"), testMatch: ["<rootDir>/test/**/*.exclusive.ts"], maxWorkers: 1 };
