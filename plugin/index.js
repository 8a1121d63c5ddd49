// The compiled library: what the plugin serves. The root's `prepare` builds it.
module.exports = require("../dist/components");
