import { TestEngine } from "./testEngine";

const engine = TestEngine.start();

// The tests of the nodes that are processes, run as they are on nodes that are containers.
if (typeof engine === "string") {
    process.stderr.write(`skipped: the end-to-end tests on containers: ${engine}\n`);
    test.skip(`the end-to-end tests on containers (skipped: ${engine})`, () => undefined);
} else {
    process.env.MULTIARCH_TEST_NODES = "containers";

    describe("on containers", () => {
        describe("the main job", () => {
            // A file's tests are declared when it is loaded: here, so that they have their own setup and end.
            // eslint-disable-next-line @typescript-eslint/no-require-imports
            require("../e2e/mainJob.test");
        });
        describe("by hand", () => {
            // eslint-disable-next-line @typescript-eslint/no-require-imports
            require("../byhand/up.test");
        });
    });

    test("everything that the tests started is gone", () => {
        const things = engine.things();
        expect(engine.stop()).toEqual([]);
        // A stop keeps caches and registry data, of both farms.
        const volumes = [...things].map((name) => name.replace(/^multiarch-builder-[0-9a-f]{12}-/, "")).sort();
        expect(volumes).toEqual(["386", "386", "amd64", "amd64", "arm64", "arm64", "registry", "registry"]);
    }, 60_000);
}
