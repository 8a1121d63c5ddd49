// Runs a program by the SDK's own runner. It starts before the engine knows what to run, and loads the SDK meanwhile;
// standard input then says { runner, args, env } and ends.
const { createRequire, enableCompileCache, runMain } = require("node:module");
const { join } = require("node:path");
const { text } = require("node:stream/consumers");
const keepCompiled = require("./compileCache.cjs");
const deferInstaller = require("./deferred.cjs");

const cacheFolder = join(__dirname, "../../node_modules/.cache/rehearsal");
const load = createRequire(join(process.cwd(), "package.json"));

/** Loads what the SDK's runner loads, in its order: the debugger of v8Hooks hears only of scripts that come after it. */
async function loadAhead() {
    // This one sets flags of V8, and V8 takes back only what it compiled with the same ones.
    const v8Hooks = load("@pulumi/pulumi/runtime/closure/v8Hooks");
    // Node.js 22.8 and later keeps what it compiled by itself.
    const release = enableCompileCache ? void enableCompileCache() : keepCompiled(cacheFolder);
    try {
        load("@pulumi/pulumi/cmd/run/instrumentation");
        deferInstaller(load);
        load("@pulumi/pulumi/runtime/settings");
        await v8Hooks.isInitializedAsync();
        ["cmd/run/tracing", "typescript-shim", "index"].forEach((name) => load(`@pulumi/pulumi/${name}`));
    } finally {
        release?.();
    }
}

async function main() {
    // What is missing is told by the SDK's runner.
    await loadAhead().catch(() => undefined);
    const { runner, args, env } = JSON.parse(await text(process.stdin));
    Object.assign(process.env, env);
    process.argv.splice(1, Infinity, runner, ...args);
    // Outside of any promise: what the program throws is its own uncaught exception.
    setImmediate(runMain);
}

void main();
