/**
 * What a failure of a push or an index means, and what to do; undefined where the tool's own words say it. `usesBuilt` is
 * for what rests on an image that was built before: a smoke test or an index.
 */
export function failureAdvice(image: string, error: string, usesBuilt: boolean): string | undefined {
    if (usesBuilt && lostManifest.test(error)) {
        return (
            `the registry no longer holds an image that ${image} was built to earlier (expired or deleted): set ` +
            "`rebuild` to a new text, for example today's date, to build it again"
        );
    }
    if (/no space left on device/i.test(error)) {
        return (
            `a disk is full, most likely that of the node that built ${image}. BuildKit frees what a failed step left ` +
            "within a minute; `docker buildx prune` on the node's builder frees it and old cache at once. Run the update " +
            "again then; if that is not enough, give the node a larger cache volume"
        );
    }
    if (/^context deadline exceeded$/m.test(error)) {
        return (
            `${image} was not done within its time limit (\`customTimeouts\`), most likely because a registry took a ` +
            "connection and did not answer. See to it and run the update again; a build that needs longer takes a longer limit"
        );
    }
    const [, host, complaint] = badCertificate.exec(error) ?? [];
    if (host !== undefined && complaint !== undefined) {
        // BuildKit's words, on a node; buildx's and the provider's own, on the machine that runs the update.
        return certificateAdvice(host, complaint, /failed to solve/.test(error));
    }
    const pushed = pushFailure.exec(error);
    const [, repository, reason] = pushed ?? [];
    const advice = reason === undefined ? undefined : pushAdvice.find(([pattern]) => pattern.test(reason));
    return advice && `${repository} cannot be written for ${image}: ${advice[1]}; then run the update again`;
}

/** Who has to trust a registry's certificate, and how. */
function certificateAdvice(host: string, complaint: string, onNode: boolean): string {
    if (!/unknown authority|unknown certificate authority|self.signed/i.test(complaint)) {
        return `the certificate of the registry ${host} is not usable (${complaint}): renew it, or use the name that it carries`;
    }
    return onNode
        ? `the builder's nodes do not trust the CA of the registry ${host}: add it to their buildkitd.toml, ` +
              `\`[registry."${host}"]\` with \`ca = ["/path/to/ca.pem"]\`, restart buildkitd and run the update again`
        : `this machine does not trust the CA of the registry ${host}: add it to the machine's certificates, or name a ` +
              "bundle that holds it with SSL_CERT_FILE in the environment of the update, and run it again";
}

// Of a request of Go's HTTP client: `Head "https://host/v2/…": tls: failed to verify certificate: x509: …`.
const badCertificate = /"https:\/\/([^/"\s]+)\/[^"\n]*": [^\n]*x509: ([^\n]+)/;

// What BuildKit, buildx and regclient say of a missing manifest: `repo@sha256:…: not found`, or the registry's own code.
const lostManifest = /[@/]sha256:[0-9a-f]{64}\b[^\n]*\b(?:not found|404)\b|manifest[ _]unknown/i;

// BuildKit's words for an image, and buildx's for an index.
const pushFailure = /(?:failed to push|(?:publish|copy|push) \S+ to) (\S+?): ([^\n]+(?:\n[^\n]+)*)/;

const pushAdvice: [pattern: RegExp, text: string][] = [
    [
        /\b401\b|unauthorized|no basic auth credentials|authentication required|token has expired/i,
        "the registry refuses the login. Check the user name and password in `registryCredentials`; without them the " +
            "host's `docker login` is used, and it may have expired",
    ],
    [
        /\b403\b|denied|forbidden/i,
        "the registry denies it. The login lacks the right to push there, or the tag is immutable and needs a new name",
    ],
    [
        /repository .*(does not exist|not found)|name[ _]unknown/i,
        "the repository does not exist. Create it in the registry, or correct `repositoryUrl`",
    ],
    [
        /connection refused|no such host|no route|timeout|deadline exceeded|connection reset|\bEOF\b|\b50[234]\b/i,
        "the registry does not answer. See to it and to the network between it and the builder's nodes",
    ],
];
