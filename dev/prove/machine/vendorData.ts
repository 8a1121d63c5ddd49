import { metadataAddresses } from "../../../components/node/paths";

/** Addresses that a machine sees on its restricted network; QEMU hands them to services of this host. */
export const standIns = {
    /** SSM. */
    aws: { address: "10.0.2.100", port: 80 },
    /** Releases of BuildKit and Debian packages, over TLS. */
    downloads: { address: "10.0.2.101", port: 443 },
    /** Where images are pushed to. */
    registry: { address: "10.0.2.102", port: 80 },
} as const;

/** Where the program of the proof says that releases are. */
export const releaseBaseUrl = `https://${standIns.downloads.address}/releases`;

/** The node's role, as the metadata service tells it: what no build step may ever see. */
export const roleName = "role-of-the-node";

/** The instance metadata service, version 2 only, with the credentials of a role. */
const metadataService = `import http.server

class Metadata(http.server.BaseHTTPRequestHandler):
    credentials = "/latest/meta-data/iam/security-credentials/"
    pages = {
        credentials: "${roleName}",
        credentials + "${roleName}": '{"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": "ROLE", '
        '"SecretAccessKey": "${roleName}", "Token": "${roleName}", "Expiration": "2099-01-01T00:00:00Z"}',
    }

    def answer(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.send_header("x-aws-ec2-metadata-token-ttl-seconds", "21600")
        self.end_headers()
        self.wfile.write(text.encode())

    def do_PUT(self):
        self.answer(200, "token") if self.path == "/latest/api/token" else self.answer(404, "")

    def do_GET(self):
        if self.headers.get("x-aws-ec2-metadata-token") != "token":
            self.answer(401, "")
        elif self.path in self.pages:
            self.answer(200, self.pages[self.path])
        else:
            self.answer(404, "")

    def log_message(self, *args):
        pass

http.server.ThreadingHTTPServer(("${metadataAddresses.ipv4}", 80), Metadata).serve_forever()
`;

const metadataUnit = `[Unit]
Description=Stand-in for the instance metadata service

[Service]
ExecStartPre=-/usr/sbin/ip link add metadata type dummy
ExecStartPre=/usr/sbin/ip address replace ${metadataAddresses.ipv4}/32 dev metadata
ExecStartPre=/usr/sbin/ip link set metadata up
ExecStart=/usr/bin/python3 /usr/local/lib/metadata.py
Restart=on-failure
RestartSec=1
`;

/** Debian's client knows no AWS_ENDPOINT_URL. */
const awsClient = `#!/bin/sh
exec /usr/bin/aws --endpoint-url http://${standIns.aws.address}:${standIns.aws.port} "$@"
`;

const caFile = "/usr/local/share/ca-certificates/downloads.crt";

/**
 * Vendor data of a machine: the stand-ins for AWS, started at every boot before anything of the user data, and the
 * download server's CA and packages. https://cloudinit.readthedocs.io/en/latest/explanation/vendordata.html
 */
export function renderVendorData(downloadsCa: string, architecture: string): string {
    const packages = `https://${standIns.downloads.address}/debian/${architecture}`;
    const script = [
        ...write("/usr/local/bin/aws", awsClient, "755"),
        ...write("/usr/local/lib/metadata.py", metadataService),
        ...write("/run/systemd/system/metadata-stand-in.service", metadataUnit),
        ...write("/etc/apt/sources.list", `deb [trusted=yes] ${packages} ./\n`),
        // What update-ca-certificates does takes a minute on an emulated machine.
        `if [ ! -e ${caFile} ]; then`,
        ...write(caFile, downloadsCa),
        `cat ${caFile} >>/etc/ssl/certs/ca-certificates.crt`,
        "fi",
        "systemctl daemon-reload",
        "systemctl start --no-block metadata-stand-in.service",
    ];
    // Making locales takes as long, and nothing here needs one.
    const config = { bootcmd: [["sh", "-ec", script.join("\n")]], locale: "off" };
    return `#cloud-config\n${JSON.stringify(config, undefined, 1)}\n`;
}

function write(path: string, content: string, mode = "644"): string[] {
    const text = Buffer.from(content).toString("base64");
    return [`install -D -m ${mode} /dev/null ${path}`, `echo ${text} | base64 -d >${path}`];
}
