// Read by the SDK's analyzer only, which makes the schema of the sources that index.js has compiled.
export * from "../components";
