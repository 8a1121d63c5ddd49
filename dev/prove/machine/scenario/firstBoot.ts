import { paths } from "../../../../components/node/paths";
import { roleName } from "../vendorData";
import { expectEqual, expectNoText, expectText } from "../expectations";
import type { Proof } from "./proof";

const units = ["buildkitd", "buildkit-setup", "buildkit-space", "buildkit-logs", "buildkit-idle", "buildkit-metadata"];
const metadata = "http://169.254.169.254/latest";

/** From power-on to a node that is in use, and what must be true of it then. */
export async function firstBoot({ checks, machine, node, client }: Proof): Promise<void> {
    const { agent } = machine;
    await checks.must("boots Debian 12 from the user data", () => machine.booted());
    await checks.must("answers over mutual TLS and is registered by the project's own registration", () =>
        client.register(node.platforms),
    );
    await checks.check("cloud-init is done, without errors, and finds user data and vendor data valid", async () => {
        expectText(await agent.succeed("cloud-init status --wait --long", 300), "status: done");
        await agent.succeed("cloud-init schema --system");
        expectText(await agent.succeed("cat /run/cloud-init/result.json"), /"errors": \[\]/);
    });
    await checks.check("every unit is valid, none failed, and they start in their order", async () => {
        const files = units.map((unit) => `/etc/systemd/system/${unit}.service`).join(" ");
        expectEqual(await agent.succeed(`systemd-analyze verify --man=no ${files} 2>&1`), "", "systemd-analyze verify");
        expectEqual(await agent.succeed("systemctl --failed --no-legend --plain"), "", "list of failed units");
        const journal = await agent.succeed("journalctl --boot --output=cat _PID=1");
        expectText(journal, /Finished buildkit-setup[^]*Finished buildkit-tls[^]*Started buildkitd\.service/);
        const timers = await agent.succeed("systemctl list-timers --no-legend");
        ["idle", "tls-refresh", "metadata"].forEach((name) => expectText(timers, `buildkit-${name}.timer`));
    });
    await checks.check("has installed the missing packages and the release, without its emulator", async () => {
        const setup = await agent.succeed("journalctl --boot --unit=buildkit-setup.service --output=cat");
        expectText(setup, /packages\.sh: installing nftables iptables/);
        expectText(setup, /disk\.sh: new volume: making an XFS file system/);
        expectText(setup, /install\.sh: installed https/);
        expectNoText(await agent.succeed(`ls ${paths.binaries}`), "qemu");
    });
    await checks.check("its own readiness check passes: bridge network, platforms, garbage collection", async () => {
        expectText(await agent.succeed(`${paths.scripts}/ready.sh`), `ready: ${node.platforms[0]}`);
        const workers = await agent.succeed(`${paths.binaries}/buildctl debug workers --verbose`);
        expectText(workers, /worker\.network:\s+cni/);
    });
    await checks.check("its key is in memory only, readable for root only", async () => {
        expectEqual(await agent.succeed(`stat -c '%a %U' ${paths.tls}/key.pem`), "600 root", "mode of the key");
        expectEqual(await agent.succeed(`stat -f -c %T ${paths.tls}`), "tmpfs", "file system of the key");
        await agent.succeed(`! grep -rl 'PRIVATE[ ]KEY' /var/lib/cloud /var/log /etc/buildkit ${paths.cache}`);
    });
    await checks.check("root on it reaches the metadata service, nobody else does", async () => {
        const token = `$(curl -sf -m 5 -X PUT ${metadata}/api/token -H 'X-aws-ec2-metadata-token-ttl-seconds: 60')`;
        const ask = `curl -sf -m 5 -H "X-aws-ec2-metadata-token: ${token}" ${metadata}/meta-data/iam/security-credentials/`;
        expectEqual(await agent.succeed(ask), roleName, "the role");
        const other = await agent.run(`runuser -u nobody -- curl -s -m 5 -X PUT ${metadata}/api/token`);
        expectEqual(other.status, 7, "exit code of nobody's curl (7: could not connect)");
    });
    await checks.check("logs go to the file that the CloudWatch agent reads", async () => {
        expectText(await agent.succeed(`cat ${paths.logs}/node.log`), "ready.sh: ready");
    });
}
