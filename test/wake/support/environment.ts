/** Sets the environment that the AWS SDK sees: a stand-in's address, made-up keys, and nothing of this machine's. */
export function isolateAws(url: string, home: string): () => void {
    const before = { ...process.env };
    for (const name of Object.keys(process.env).filter((key) => key.startsWith("AWS_"))) {
        delete process.env[name];
    }
    Object.assign(process.env, {
        HOME: home,
        AWS_ENDPOINT_URL: url,
        AWS_EC2_METADATA_DISABLED: "true",
        AWS_ACCESS_KEY_ID: "AMBIENT",
        AWS_SECRET_ACCESS_KEY: "secret",
        AWS_MAX_ATTEMPTS: "1",
    });
    return () => {
        process.env = before;
    };
}
