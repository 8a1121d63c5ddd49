// Keeps what V8 made of the SDK's modules for the next run. Node.js does so by itself from 22.8 on.
const { createHash } = require("node:crypto");
const fs = require("node:fs");
const Module = require("node:module");
const path = require("node:path");
const v8 = require("node:v8");
const vm = require("node:vm");

/** Modules that are loaded until the returned function is called are compiled with the help of a file in a folder. */
module.exports = function keepCompiled(folder) {
    const file = path.join(folder, `${process.version}-${process.arch}-${v8.cachedDataVersionTag()}`);
    const known = readFile(file);
    const compiled = new Map();
    const { _compile } = Module.prototype;
    Module.prototype._compile = function (source, filename) {
        const key = createHash("sha256").update(source).digest("hex");
        const cachedData = known.get(key);
        const script = new vm.Script(Module.wrap(source), { filename, cachedData });
        compiled.set(key, { script, isNew: script.cachedDataRejected !== false });
        const own = Module.createRequire(filename);
        const args = [this.exports, own, this, filename, path.dirname(filename)];
        return Reflect.apply(script.runInThisContext(), this.exports, args);
    };
    // Functions that ran are kept too, so that it is written at the end.
    process.once("exit", () => {
        const fresh = [...compiled].filter(([, { isNew }]) => isNew);
        fresh.forEach(([key, { script }]) => known.set(key, script.createCachedData()));
        if (fresh.length > 0) {
            writeFile(file, known);
        }
    });
    return () => void (Module.prototype._compile = _compile);
};

/** The parts of a file by key; none where it is not there or not whole. */
function readFile(file) {
    try {
        return v8.deserialize(fs.readFileSync(file));
    } catch {
        return new Map();
    }
}

/** Whole or not at all; a folder that cannot be written costs the next run its time only. */
function writeFile(file, parts) {
    const partial = `${file}.${process.pid}`;
    try {
        fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
        fs.writeFileSync(partial, v8.serialize(parts), { mode: 0o600 });
        fs.renameSync(partial, file);
    } catch {
        fs.rmSync(partial, { force: true });
    }
}
