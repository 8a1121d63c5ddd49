import { execFileSync } from "node:child_process";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { type NodeFolder, underEveryShell } from "./shell";

const settings = {
    PARAMETER_CERT: "/ci/cert",
    PARAMETER_KEY: "/ci/key",
    PARAMETER_CA: "/ci/ca",
    SERVER_NAME: "amd64.ci.internal",
    FETCH_ATTEMPTS: 2,
    FETCH_DELAY: 0,
    REFRESH_DELAY: 1,
    REFRESH_SECONDS: 2,
};

/** Makes a certificate and its key as the parameters' values. */
function certificate(folder: NodeFolder, name = settings.SERVER_NAME, days = "30"): void {
    mkdirSync(folder.file("ssm"), { recursive: true });
    const [key, cert, request] = ["key", "cert", "request"].map((file) => folder.file("ssm", file)) as [
        string,
        string,
        string,
    ];
    const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "ignore" });
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key];
    openssl("req", "-new", ...curve, "-out", request, "-subj", "/CN=node", "-addext", `subjectAltName=DNS:${name}`);
    // A negative number of days makes a certificate that has expired.
    openssl("x509", "-req", "-in", request, "-signkey", key, "-days", days, "-copy_extensions", "copy", "-out", cert);
    writeFileSync(folder.file("ssm", "ca"), folder.read("ssm", "cert"));
}

/** The `aws` command, which answers from files as its text output does: "None" for a parameter that does not exist. */
function withAws(folder: NodeFolder): void {
    folder.stub(
        "aws",
        `while [ "$1" != --names ]; do shift; done
tab=
for name in "$2" "$3" "$4"; do
    file="${folder.file("ssm")}/\${name#/ci/}"
    printf "$tab"
    if [ -f "$file" ]; then cat "$file"; else printf None; fi
    tab='\\t'
done
echo`,
    );
}

describe("fetch-tls.sh", () => {
    underEveryShell(settings, (folder) => {
        beforeEach(() => {
            certificate(folder());
            withAws(folder());
        });

        it("writes the three files for root alone, into the directory that it is given", () => {
            const { status, stdout, stderr } = folder().run("fetch-tls.sh", [folder().file("tls")]);
            expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
            for (const name of ["cert", "key", "ca"]) {
                expect(folder().read("tls", `${name}.pem`)).toBe(folder().read("ssm", name));
                expect(statSync(folder().file("tls", `${name}.pem`)).mode & 0o777).toBe(0o600);
            }
            expect(statSync(folder().file("tls")).mode & 0o777).toBe(0o700);
            expect(stdout).not.toContain("BEGIN");
        });

        it("hands no value to any command line", () => {
            folder().run("fetch-tls.sh");
            expect(folder().calls.join("\n")).not.toContain("BEGIN");
            expect(folder().calls).toHaveLength(1);
            expect(folder().calls[0]).toMatch(
                /^aws ssm get-parameters --region eu-west-1 --names \/ci\/cert \/ci\/key \/ci\/ca --with-decryption/,
            );
        });

        it("names a parameter that does not exist, after its attempts", () => {
            execFileSync("rm", [folder().file("ssm", "ca")]);
            const { status, stdout, stderr } = folder().run("fetch-tls.sh");
            expect(status).toBe(1);
            expect(stdout).toContain("parameters /ci/ca attempt 2 of 2: they do not exist, or hold no PEM text");
            expect(stderr).toContain("cannot read /ci/ca in eu-west-1");
            expect(folder().has("tls", "cert.pem")).toBe(false);
        });

        it("shows the client's own message and nothing that it printed besides", () => {
            folder().stub("aws", "echo -----SECRET; echo 'An error occurred (AccessDenied)' >&2; exit 254");
            const { status, stdout, stderr } = folder().run("fetch-tls.sh");
            expect(status).toBe(1);
            expect(stdout).toContain("An error occurred (AccessDenied)");
            expect(stdout + stderr).not.toContain("SECRET");
        });

        it.each([
            [
                "another name",
                () => certificate(folder(), "other.ci.internal"),
                "does not carry the name amd64.ci.internal",
            ],
            ["an expired certificate", () => certificate(folder(), settings.SERVER_NAME, "-1"), "has expired"],
            ["another key", () => otherKey(folder()), "the key in /ci/key does not belong to the certificate"],
            [
                "no CA",
                () => writeFileSync(folder().file("ssm", "ca"), "-----BEGIN NOTHING\n"),
                "/ci/ca holds no certificate",
            ],
        ])("keeps what it has and fails with %s", (_, change, message) => {
            folder().run("fetch-tls.sh");
            const before = folder().read("tls", "cert.pem");
            change();
            const { status, stderr } = folder().run("fetch-tls.sh");
            expect(status).toBe(1);
            expect(stderr).toContain(message);
            expect(folder().read("tls", "cert.pem")).toBe(before);
        });
    });
});

function otherKey(folder: NodeFolder): void {
    execFileSync("openssl", ["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", folder.file("ssm", "key")]);
}

describe("refresh-tls.sh", () => {
    underEveryShell(settings, (folder) => {
        beforeEach(() => {
            certificate(folder());
            withAws(folder());
            folder().stub("systemctl", '[ "$1" != is-active ] || echo active').stub("ss").stub("buildctl");
            folder().run("fetch-tls.sh");
        });
        const restarts = () => folder().calls.filter((call) => call.startsWith("systemctl restart"));

        it("does nothing when nothing changed", () => {
            expect(folder().run("refresh-tls.sh")).toMatchObject({ status: 0 });
            expect(restarts()).toEqual([]);
            expect(folder().has("tls.next")).toBe(false);
        });

        it("restarts an idle daemon at once", () => {
            certificate(folder());
            const { status, stdout } = folder().run("refresh-tls.sh");
            expect(status).toBe(0);
            expect(stdout).toContain("new: cert.pem key.pem ca.pem");
            expect(restarts()).toEqual(["systemctl restart buildkitd.service"]);
        });

        it("waits for an idle moment", () => {
            certificate(folder());
            const once = folder().file("once");
            folder().stub("ss", `[ -e "${once}" ] || { touch "${once}"; echo 'ESTAB 0 0 a b'; }`);
            folder().run("refresh-tls.sh");
            const calls = folder().calls.filter((call) => /^(ss|systemctl restart)/.test(call));
            expect(calls.map((call) => call.split(" ")[0])).toEqual(["ss", "ss", "systemctl"]);
        });

        it("restarts a daemon that is never idle in the end: its stop lets builds finish", () => {
            certificate(folder());
            folder().stub("ss", "echo 'ESTAB 0 0 a b'");
            expect(folder().run("refresh-tls.sh")).toMatchObject({ status: 0 });
            expect(restarts()).toHaveLength(1);
        });

        it("leaves a running daemon alone when the parameters cannot be read", () => {
            folder().stub("aws", "exit 255");
            expect(folder().run("refresh-tls.sh")).toMatchObject({ status: 1 });
            expect(restarts()).toEqual([]);
        });
    });
});
