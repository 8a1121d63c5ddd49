// The SDK loads npm's own installer to find the packages of a function that is serialized into a cloud. That takes a fifth of
// the SDK's loading time, and hardly any program has such a function: it is loaded when one asks.
const Module = require("node:module");

/** Puts a stand-in for `@npmcli/arborist` beside the SDK that `load` finds. */
module.exports = function deferInstaller(load) {
    const sdk = Module.createRequire(load.resolve("@pulumi/pulumi"));
    const file = sdk.resolve("@npmcli/arborist");
    const standIn = new Module(file);
    standIn.exports = {
        // The SDK's __importStar takes such a module as it is, without reading its properties.
        __esModule: true,
        get Arborist() {
            if (require.cache[file] === standIn) {
                delete require.cache[file];
            }
            return sdk(file).Arborist;
        },
    };
    Object.assign(standIn, { filename: file, loaded: true });
    require.cache[file] = standIn;
};
