import { paths } from "../../../../components/node/paths";
import { expectEqual, expectFailure, expectNoText, expectText } from "../checks";
import { roleName } from "../vendorData";
import { type Proof, property } from "./proof";

/** A build that later ones find in the cache. */
export const cachedSteps = 'RUN uname -m >/machine && sleep 1\nRUN test "$(cat /machine)" = "$(uname -m)"';

const machineNames = { amd64: "x86_64", arm64: "aarch64" } as const;

/** Builds, limits, and what a build must not be able to do. */
export async function builds(proof: Proof): Promise<void> {
    const { checks, machine, node, client, architecture } = proof;
    const { agent } = machine;
    const daemon = () => agent.succeed(`${property("buildkitd", "MainPID")}; ${property("buildkitd", "NRestarts")}`);

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
    await fullDisk(proof, daemon);
}

async function fullDisk({ checks, machine, node, client }: Proof, daemon: () => Promise<string>): Promise<void> {
    const { agent } = machine;
    const foreign = `${paths.cache}/foreign`;
    const freeMiB = `$(df -Pk ${paths.cache} | awk 'NR == 2 { print int($4 / 1024) }')`;
    const leave = (mebibytes: number) => agent.succeed(`fallocate -l $((${freeMiB} - ${mebibytes}))M ${foreign}`);
    const clear = () => agent.succeed(`rm -f ${foreign}; until [ -e ${paths.cache}/.reserve ]; do sleep 0.5; done`, 60);
    const small = () => client.succeed(node.name, "RUN dd if=/dev/zero of=/file bs=1M count=20", ["--no-cache"]);

    await checks.check("a build that fills the disk fails and says so; the next one works", async () => {
        const before = await daemon();
        await leave(600);
        const { status, stderr } = await client.build(node.name, "RUN dd if=/dev/zero of=/big bs=1M count=2000");
        expectFailure(status);
        expectText(stderr, "No space left on device");
        await small();
        expectEqual(await daemon(), before, "process of the daemon");
    });
    await clear();
    await checks.check("a disk that something else filled stops no build", async () => {
        await client.succeed(node.name, "RUN dd if=/dev/zero of=/cached bs=1M count=500");
        await leave(20);
        await small();
    });
    await clear();
    await checks.check("a daemon that finds its disk full starts, by the reserve", async () => {
        await agent.succeed("systemctl stop buildkit-space buildkitd", 180);
        await agent.run(`fallocate -l ${freeMiB}M ${foreign}; cat /dev/zero >>${foreign}`, 300);
        await agent.succeed("systemctl start buildkitd buildkit-space", 300);
        await small();
    });
    await clear();
}

/** A Dockerfile of somebody who wants the node's role, its key, or its host. */
export async function hostile({ checks, machine, node, client }: Proof): Promise<void> {
    const { agent } = machine;
    // What a probe prints is compared; one that reaches what it must not prints the marker of its aim.
    await agent.succeed("echo secret-of-the-host >/root/secret; echo secret-of-the-host >/tmp/secret");
    const imds = (address: string) =>
        `printf 'PUT /latest/api/token HTTP/1.0\\r\\n\\r\\n' | nc -w 4 ${address} 80 2>&1 | tr -d '\\r' | tail -n 1`;
    const bridge = "$(ip route | awk '/default/ { print $3 }')";
    const probe = (name: string, command: string) => `echo "probe ${name}: $(${command} 2>&1 | tr '\\n' ' ')"`;
    const probes = [
        probe("control", "nc -w 4 -z 10.0.2.101 443 && echo reached"),
        probe("metadata", imds("169.254.169.254")),
        probe("daemon", `nc -w 4 -z ${bridge} 1234 && echo reached`),
        probe("daemon on the interface", "nc -w 4 -z 10.0.2.15 1234 && echo reached"),
        probe("agent", "ls /dev/virtio-ports"),
        probe("files", "cat /root/secret /tmp/secret /run/buildkit-tls/key.pem /etc/buildkit/node.conf"),
        probe("processes", "cat /proc/*/environ /proc/*/cmdline | tr '\\0' ' '"),
        probe("disk", "mknod /disk b 259 0 && dd if=/disk bs=512 count=1 | wc -c"),
        probe("mount", "mount -t tmpfs tmpfs /mnt && echo reached"),
        probe("kernel", "echo b >/proc/sysrq-trigger && echo reached"),
        probe("limit", "echo max >/sys/fs/cgroup/memory.max && echo reached"),
        probe("interface", "ip address add 169.254.169.253/16 dev eth0 && echo reached"),
    ];
    await checks.check("a hostile step reaches neither metadata, daemon, host's files nor devices", async () => {
        const progress = await client.succeed(node.name, `RUN ${probes.join("; ")}`, ["--no-cache"]);
        // Lines that the step printed; buildx shows its command as well.
        const printed = progress.match(/^#\d+ \d+\.\d+ .*$/gm)?.join("\n") ?? "";
        const got = (name: string) => new RegExp(` probe ${name}: (.*)`).exec(printed)?.[1]?.trim() ?? "(missing)";
        // Without a network that works, a refusal would say nothing.
        expectEqual(got("control"), "reached", "a service that steps may reach");
        expectText(got("metadata"), /refused|unreachable|No route|timed out/);
        for (const name of ["daemon", "daemon on the interface", "mount", "kernel", "limit", "interface"]) {
            expectNoText(`${name}: ${got(name)}`, /reached|missing/);
        }
        expectText(got("disk"), /not permitted/);
        expectText(got("files"), "No such file");
        expectNoText(printed, /secret-of-the-host|BEGIN|PARAMETER|token$/m);
        expectNoText(got("processes"), /buildkitd|cloud-init|AWS_|systemd/);
    });
    await checks.check("what the daemon fetches for a Dockerfile is not the metadata service", async () => {
        const url = "http://169.254.169.254/latest/meta-data/iam/security-credentials/";
        const dockerfiles = [
            `FROM scratch\nADD ${url} /role\n`,
            "FROM scratch\nADD http://169.254.169.254/role.git /role\n",
            "FROM 169.254.169.254/latest/api/token\n",
            "# syntax=169.254.169.254/latest/api/token\nFROM scratch\n",
        ];
        // Each of them waits in vain for an answer.
        const ended = await Promise.all(dockerfiles.map((each) => client.buildDockerfile(node.name, each)));
        for (const { status, stderr } of ended) {
            expectFailure(status);
            expectText(stderr, /operation not permitted|unable to access|unable to connect|i\/o timeout/i);
            expectNoText(stderr, new RegExp(`${roleName}|401`));
        }
    });
    await checks.check("no build gets the host's network, more rights, or files beside its own", async () => {
        for (const [steps, message] of [
            ["RUN --network=host true", "network.host is not allowed"],
            ["RUN --security=insecure true", "security.insecure is not allowed"],
            ["RUN --device=nvidia.com/gpu=all true", /not allowed|not found|unknown flag|requested by/],
            ["COPY /root/secret /secret", "not found"],
            ["COPY ../../../../root/secret /secret", "not found"],
            ["RUN --mount=type=bind,source=../../../../root,target=/host cat /host/secret", /not found|No such file/],
            ["RUN --mount=type=cache,id=../../../../root,target=/host cat /host/secret", "can't open '/host/secret'"],
        ] as const) {
            const entitlement = /--network/.test(steps) ? "network.host" : "security.insecure";
            const allow = /--(network|security)/.test(steps) ? ["--allow", entitlement] : [];
            const { status, stderr } = await client.build(node.name, steps, ["--no-cache", ...allow]);
            expectFailure(status);
            expectText(stderr, message);
            expectNoText(stderr, "secret-of-the-host");
        }
    });
}
