import { failureAdvice } from "../../components/image/failureAdvice";

const request = 'failed to do request: Head "https://registry.shop.internal/v2/app/blobs/sha256:00"';
const refused = `${request}: tls: failed to verify certificate: x509`;

test.each([
    [
        "a node that does not know the CA",
        `failed to solve: failed to push registry.shop.internal/app: ${refused}: certificate signed by unknown authority`,
        /^the builder's nodes do not trust the CA of the registry registry\.shop\.internal: .*buildkitd\.toml/,
    ],
    [
        "a machine that does not know the CA",
        `${refused}: certificate signed by unknown authority`,
        /^this machine does not trust the CA of the registry registry\.shop\.internal: .*SSL_CERT_FILE/,
    ],
    [
        "an expired certificate",
        `failed to solve: ${refused}: certificate has expired or is not yet valid: current time 2030-01-01T00:00:00Z`,
        /^the certificate of the registry registry\.shop\.internal is not usable \(certificate has expired .*renew it/,
    ],
    [
        "a certificate for another name",
        `${refused}: certificate is valid for other.internal, not registry.shop.internal`,
        /^the certificate of the registry .*is valid for other\.internal, not registry.*use the name that it carries/,
    ],
])("%s is named with what to do", (_, error, expected) => {
    expect(failureAdvice("app", error, true)).toMatch(expected);
    expect(failureAdvice("app", error, false)).toMatch(expected);
});

test("other failures of a request are not taken for one of a certificate", () => {
    const error = `failed to push registry.shop.internal/app: ${request}: dial tcp: connection refused`;
    expect(failureAdvice("app", error, false)).toMatch(/the registry does not answer/);
});
