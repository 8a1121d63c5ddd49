// What `npm run rehearse` runs. The program's process loads while the engine does, and the engine's packages load before
// tsx, under which each of them takes twice as long.
const { spawn } = require("node:child_process");
const path = require("node:path");
const { parseArgs } = require("node:util");

const { values, positionals } = parseArgs({
    strict: false,
    allowPositionals: true,
    options: { config: { type: "string" } },
});
const early = values.config && positionals[0] !== "destroy" ? startRunner(path.dirname(values.config)) : undefined;

/** As `Runner` does; the program never knows the passphrase. */
function startRunner(cwd) {
    const env = { ...process.env };
    delete env.PULUMI_CONFIG_PASSPHRASE;
    delete env.PULUMI_CONFIG_PASSPHRASE_FILE;
    // A folder that is not there is told by the engine.
    return spawn(process.execPath, [path.join(__dirname, "runner.cjs")], { cwd, env }).on("error", () => undefined);
}

for (const name of ["@grpc/grpc-js", "@pulumi/pulumi/proto/resource_grpc_pb", "yaml", "@balena/dockerignore"]) {
    require(name);
}
require("tsx/cjs");
void require("./main.ts")
    .main(early)
    .finally(() => early?.kill("SIGKILL"));
