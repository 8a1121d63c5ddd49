import { gunzipSync } from "node:zlib";
import { parse as parseYaml } from "yaml";
import type { Ec2BuildersArgs } from "../../components/ec2/arguments";
import { record } from "../ec2/support";
import { type Path, pathsOf, replaced, valueAt } from "../support/anyArguments";
import {
    everyEc2Argument,
    everyEndpointArgument,
    everyRegistryArgument,
    everyTlsArgument,
    existingTlsArguments,
} from "../support/everyArgument";
import { ec2, endpoints, registry, tls } from "../support/problems";

/** What means something to a shell, systemd, YAML, TOML, JSON, cloud-init, IAM or a person's terminal. */
const hostile = [
    "a'b",
    'a"b',
    "a\\b",
    "a`touch /tmp/x`b",
    "$(touch /tmp/x)",
    "${aws:username}",
    "a\nb",
    "a\r\nb",
    "a\tb",
    "a\0b",
    "a;b",
    "a|b",
    "a&b",
    "a>b",
    "a#b",
    "a %n b",
    "{{ a }}",
    "!a",
    "\u001b[31mred",
    "\u202edcba",
];

/** The places that take such a text: alone, or in the middle or at the end of a good one. */
function taken(good: object, check: (args: object) => { errors: string[] }): Record<string, string[]> {
    const places = pathsOf(good).filter((path) => typeof valueAt(good, path) === "string");
    const accepted = places.flatMap((place) =>
        hostile
            .filter((text) => {
                const whole = valueAt(good, place) as string;
                const inside = `${whole.slice(0, -2)}${text}${whole.slice(-2)}`;
                const takes = (put: string) => check(replaced(good, place, put) as object).errors.length === 0;
                return [text, inside, `${whole}${text}`].some(takes);
            })
            .map((text): [string, string] => [written(place), text]),
    );
    return Object.fromEntries(
        accepted.map(([place]) => [place, accepted.filter(([other]) => other === place).map(([, text]) => text)]),
    );
}

function written(path: Path): string {
    return path.map((key) => (typeof key === "number" ? "[]" : key)).join(".");
}

/** Certificates and keys go into parameters and nowhere else. */
const withoutTls = Object.fromEntries(Object.entries(everyEc2Argument).filter(([key]) => key !== "tls"));
const printable = hostile.filter((text) => /^\P{C}+$/u.test(text));

describe("a hostile text is refused in every argument", () => {
    test("of builders on EC2, but in a PEM text and in the name of a profile", () => {
        expect(taken(withoutTls, ec2)).toEqual({ "registries.[].ca": hostile, "wakeIdentity.profile": printable });
    }, 300_000);

    test("of a registry", () => {
        expect(taken(everyRegistryArgument, registry)).toEqual({});
    });

    test("of certificates", () => {
        expect(taken(everyTlsArgument, tls)).toEqual({});
        expect(taken(existingTlsArguments, tls)).toEqual({});
    });

    test("of endpoints", () => {
        expect(taken(everyEndpointArgument, (args) => endpoints((args as { list: unknown }).list))).toEqual({});
    });
});

test("where it is taken, it is written as it is, and nothing around it is read otherwise", async () => {
    const ca = `-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n${hostile.join("\n")}`;
    const profile = printable.join(" ");
    const args: Partial<Ec2BuildersArgs> = {
        nodes: { amd64: {} },
        registries: [{ host: "registry.acme.io:5000", ca }],
        wakeIdentity: { profile },
    };
    const { run } = await record(args);
    const userData = gunzipSync(Buffer.from(run.get("ci-amd64-instance").inputs.userDataBase64 as string, "base64"));
    const { write_files: files, runcmd } = parseYaml(userData.toString()) as {
        write_files: { path: string; content: string }[];
        runcmd: string[][];
    };
    const { parse: parseToml } = await import("smol-toml");
    const contentOf = (path: string) => files.find((file) => file.path === path)?.content;
    expect(contentOf("/etc/buildkit/ca/registry.acme.io_5000.pem")).toBe(ca);
    expect(parseToml(contentOf("/etc/buildkit/buildkitd.toml")!)).toMatchObject({
        registry: { "registry.acme.io:5000": { ca: ["/etc/buildkit/ca/registry.acme.io_5000.pem"] } },
    });
    expect(runcmd.map(([program]) => program)).toEqual(["systemctl", "systemctl"]);
    const builder = JSON.parse(run.get("ci-parameter-builder").inputs.insecureValue as string) as {
        nodes: { wake: { profile: string } }[];
    };
    expect(builder.nodes[0]!.wake.profile).toBe(profile);
});
