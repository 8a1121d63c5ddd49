/**
 * A Dockerfile that runs commands in a built image: a build of it succeeds only if each command does, and it runs on the
 * node of the image's own architecture. `<` is escaped because Dockerfile would take `<<WORD` for a heredoc.
 */
export function smokeTestDockerfile(imageRef: string, commands: readonly (readonly string[])[]): string {
    const runs = commands.map((command) => `RUN ${JSON.stringify(command).replaceAll("<", "\\u003c")}`);
    return [`FROM ${imageRef}`, ...runs, ""].join("\n");
}
