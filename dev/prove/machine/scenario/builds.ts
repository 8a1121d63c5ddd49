import { metadataAddresses, nodePort, paths } from "../../../../components/node/paths";
import { expectEqual, expectFailure, expectNoText, expectText } from "../expectations";
import { roleName, standIns } from "../vendorData";
import { fullDisk } from "./fullDisk";
import { type Proof, daemonProcess } from "./proof";

/** A build that later ones find in the cache. */
export const cachedSteps = 'RUN uname -m >/machine && sleep 1\nRUN test "$(cat /machine)" = "$(uname -m)"';

const machineNames = { amd64: "x86_64", arm64: "aarch64" } as const;

/** Builds, limits, and what a build must not be able to do. */
export async function builds(proof: Proof): Promise<void> {
    const { checks, machine, node, client, architecture } = proof;
    const { agent } = machine;
    const daemon = () => daemonProcess(machine);

    await checks.must("builds real RUN steps through buildx, on its own CPU", async () => {
        await client.succeed(node.name, cachedSteps);
        const progress = await client.succeed(node.name, "RUN echo this is $(uname -m)", ["--no-cache"]);
        expectText(progress, `this is ${machineNames[architecture]}`);
    });
    await checks.check("a build step may open 1048576 files", async () => {
        expectText(await client.succeed(node.name, "RUN echo files $(ulimit -n)", ["--no-cache"]), "files 1048576");
    });
    await checks.check("a step that needs too much memory fails and says so; the daemon lives on", async () => {
        const before = await daemon();
        const { status, stderr } = await client.build(node.name, "RUN dd if=/dev/zero of=/dev/null bs=1700M count=1");
        expectFailure(status);
        expectText(stderr, /cannot allocate memory/);
        expectEqual(await daemon(), before, "process of the daemon");
        expectText(await agent.succeed("journalctl --boot --dmesg --output=cat"), /oom-kill.*buildkit\.slice/);
        await client.succeed(node.name, "RUN true", ["--no-cache"]);
    });
    await checks.check("a build step is not protected from the kernel's memory killer, the daemon is", async () => {
        const adjusted = await client.succeed(node.name, "RUN echo adj=$(cat /proc/self/oom_score_adj)", [
            "--no-cache",
        ]);
        expectText(adjusted, /adj=0$/m);
        expectEqual(await agent.succeed("cat /proc/$(pidof buildkitd)/oom_score_adj"), "-500", "the daemon's");
    });
    await fullDisk(proof);
}

/** A Dockerfile of somebody who wants the node's role, its key, or its host. */
export async function hostile({ checks, machine, node, client }: Proof): Promise<void> {
    const { agent } = machine;
    await agent.succeed("echo secret-of-the-host | tee /root/secret >/tmp/secret");
    const connect = (address: string, port: number) => `nc -w 4 ${address} ${port} </dev/null && echo reached`;
    const token = `printf 'PUT /latest/api/token HTTP/1.0\\r\\n\\r\\n' | nc -w 4 ${metadataAddresses.ipv4} 80`;
    const bridge = "$(ip route | awk '/default/ { print $3 }')";
    const { address, port } = standIns.downloads;
    const refused = /refused|reset/;
    const denied = /not permitted|Read-only|denied/;
    const probes: [aim: string, command: string, printed: RegExp][] = [
        // Without a network that works, a refusal would say nothing.
        ["a service that it may reach", connect(address, port), /^reached$/],
        ["the metadata service", token, refused],
        ["the daemon on the bridge", connect(bridge, nodePort), refused],
        ["the daemon on the interface", connect("10.0.2.15", nodePort), refused],
        ["the guest agent", "ls /dev/virtio-ports; ls /dev | grep vport", /No such file or directory$/],
        [
            "the files of the host",
            `cat /root/secret /tmp/secret ${paths.tls}/key.pem`,
            /^(cat: can't open \S+ No such file or directory ?){3}$/,
        ],
        // Its own are all that there are.
        ["other processes", "cat /proc/[0-9]*/comm | sort -u", /^(cat|sh|sort|tr)( (cat|sh|sort|tr))*$/],
        ["the disk of the host", "mknod /disk b 259 0 && dd if=/disk bs=512 count=1", denied],
        ["a mount", "mount -t tmpfs tmpfs /mnt && echo reached", denied],
        ["the kernel", "echo b >/proc/sysrq-trigger && echo reached", denied],
        ["its memory limit", "echo max >/sys/fs/cgroup/memory.max && echo reached", denied],
        ["its interface", "ip address add 169.254.169.253/16 dev eth0 && echo reached", denied],
    ];
    await checks.check("a hostile step reaches neither metadata, daemon, host's files nor devices", async () => {
        const steps = probes.map(([aim, command]) => `echo "probe ${aim}: $({ ${command}; } 2>&1 | tr '\\n' ' ')"`);
        const progress = await client.succeed(node.name, `RUN ${steps.join("; ")}`, ["--no-cache"]);
        // Lines that the step printed; buildx shows its command as well.
        const printed = progress.match(/^#\d+ \d+\.\d+ .*$/gm)?.join("\n") ?? "";
        const wrong = probes.flatMap(([aim, , wanted]) => {
            const got = new RegExp(` probe ${aim}: (.*)`).exec(printed)?.[1]?.trim() ?? "(nothing)";
            return wanted.test(got) && (got === "reached" || !got.includes("reached"))
                ? []
                : [`${aim}: it printed ${JSON.stringify(got)}, expected ${String(wanted)}`];
        });
        expectEqual(wrong.join("\n"), "", "list of what it reached");
    });
    await checks.check("what the daemon fetches for a Dockerfile is not the metadata service", async () => {
        const url = "http://169.254.169.254/latest/meta-data/iam/security-credentials/";
        const dockerfiles = [
            `FROM scratch\nADD ${url} /role\n`,
            "FROM scratch\nADD http://169.254.169.254/role.git /role\n",
            "FROM 169.254.169.254/latest/api/token\n",
            "# syntax=169.254.169.254/latest/api/token\nFROM scratch\n",
        ];
        // Each of them waits in vain for an answer; the kernel gives up after two minutes by default.
        await agent.succeed("echo 2 >/proc/sys/net/ipv4/tcp_syn_retries");
        const ended = await Promise.all(dockerfiles.map((each) => client.buildDockerfile(node.name, each)));
        for (const { status, stderr } of ended) {
            expectFailure(status);
            expectText(stderr, /operation not permitted|unable to access|unable to connect|timed? ?out/i);
            expectNoText(stderr, new RegExp(`${roleName}|401`));
        }
    });
    await checks.check("no build gets the host's network, more rights, or files beside its own", async () => {
        const refusals: [steps: string, message: string | RegExp, args?: string[]][] = [
            ["RUN --network=host true", "network.host is not allowed", ["--allow", "network.host"]],
            ["RUN --security=insecure true", "security.insecure is not allowed", ["--allow", "security.insecure"]],
            ["RUN --device=nvidia.com/gpu=all,required true", "CDI device support is disabled"],
            ["COPY /root/secret /secret", "not found"],
            ["COPY ../../../../root/secret /secret", "not found"],
            ["RUN --mount=type=bind,source=../../../../root,target=/host cat /host/secret", "not found"],
            ["RUN --mount=type=cache,id=../../../../root,target=/host cat /host/secret", "can't open '/host/secret'"],
        ];
        await Promise.all(
            refusals.map(async ([steps, message, args = []]) => {
                const { status, stderr } = await client.build(node.name, steps, ["--no-cache", ...args]);
                expectFailure(status);
                expectText(stderr, message);
                expectNoText(stderr, "secret-of-the-host");
            }),
        );
    });
}
