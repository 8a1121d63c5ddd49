import { searchPath } from "./nodeConf";
import type { NodeOptions } from "./options";
import { metadataAddresses, paths, stepsSlice } from "./paths";
import { stepsMemoryMiB } from "./sizes";

/** A systemd unit. */
export interface Unit {
    name: string;
    content: string;
    /** Whether it starts at boot. */
    enabled: boolean;
}

/** The units of a node. */
export function renderUnits(options: NodeOptions): Unit[] {
    const logs = options.logGroupName !== undefined;
    return [
        { name: stepsSlice, content: slice(options), enabled: false },
        { name: "buildkit-setup.service", content: setup(logs), enabled: false },
        { name: "buildkit-tls.service", content: oneshot("TLS material of BuildKit", "fetch-tls.sh"), enabled: false },
        { name: "buildkitd.service", content: daemon(options), enabled: true },
        { name: "buildkit-space.service", content: space, enabled: true },
        ...timed("buildkit-metadata", "Metadata block of BuildKit", ["metadata.sh"], everyMinute),
        ...timed("buildkit-tls-refresh", "Renewed TLS material of BuildKit", ["refresh-tls.sh"], daily),
        ...(options.idleStopMinutes > 0 ? timed("buildkit-idle", "Idle stop", ["idle.sh"], everyMinute) : []),
        ...(logs ? [{ name: "buildkit-logs.service", content: journal, enabled: true }] : []),
    ];
}

const everyMinute = "OnBootSec=2min\nOnUnitActiveSec=1min\nAccuracySec=5s";
// A node that slept through the hour has fetched when it started.
const daily = "OnCalendar=daily\nRandomizedDelaySec=1h";

function daemon({ stopTimeoutSeconds }: NodeOptions): string {
    const { ipv4, ipv6 } = metadataAddresses;
    return `[Unit]
Description=BuildKit daemon
Documentation=https://github.com/moby/buildkit
Wants=network-online.target
After=network-online.target buildkit-setup.service
Requires=${stepsSlice}
After=${stepsSlice}
RequiresMountsFor=${paths.cache}
StartLimitIntervalSec=0

[Service]
Type=notify
Environment=PATH=${searchPath}
EnvironmentFile=-${paths.config}/proxy.env
# Started here and not required, so that a failure of theirs is tried again with the daemon.
ExecStartPre=/usr/bin/systemctl start buildkit-setup.service
ExecStartPre=/usr/bin/systemctl start buildkit-tls.service
ExecStartPre=${paths.scripts}/space.sh
ExecStart=${paths.binaries}/buildkitd --config ${paths.config}/buildkitd.toml
ExecStartPost=${paths.scripts}/ready.sh
ExecStopPost=${paths.scripts}/stop-steps.sh
TimeoutStartSec=30min
# SIGTERM to the daemon alone: it refuses new clients and lets running builds finish.
KillMode=mixed
TimeoutStopSec=${stopTimeoutSeconds}
# BuildKit ends with 1 after a signal.
SuccessExitStatus=1
Restart=always
RestartSec=10
OOMPolicy=continue
OOMScoreAdjust=-500
RuntimeDirectory=buildkit
RuntimeDirectoryMode=0700
TasksMax=infinity
LimitNOFILE=1048576
# An ADD in a Dockerfile is fetched by the daemon.
IPAddressDeny=${ipv4} ${ipv6}
# Nothing here that works by a system call filter or capabilities: build steps would inherit it.
ProtectSystem=full
ProtectHome=yes
PrivateTmp=yes

[Install]
WantedBy=multi-user.target
`;
}

function slice({ memoryMiB }: NodeOptions): string {
    return `[Unit]
Description=Build steps of BuildKit

[Slice]
# A build that needs more is killed, and says so; the daemon is outside.
MemoryMax=${stepsMemoryMiB(memoryMiB)}M
MemorySwapMax=0
`;
}

function setup(logs: boolean): string {
    const scripts = ["packages.sh", "disk.sh", "install.sh", "metadata.sh", ...(logs ? ["logs.sh"] : [])];
    return `[Unit]
Description=Packages, cache volume and release of BuildKit
Wants=network-online.target
After=network-online.target nftables.service firewalld.service

[Service]
Type=oneshot
RemainAfterExit=yes
${scripts.map((script) => `ExecStart=${paths.scripts}/${script}`).join("\n")}
TimeoutStartSec=25min
StandardOutput=journal+console
`;
}

function oneshot(description: string, ...scripts: string[]): string {
    return `[Unit]
Description=${description}
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
${scripts.map((script) => `ExecStart=${paths.scripts}/${script}`).join("\n")}
`;
}

function timed(name: string, description: string, scripts: string[], schedule: string): Unit[] {
    // Notices only, or systemd writes two lines into the journal each time.
    const quiet = "TimeoutStartSec=infinity\nSyslogLevel=notice\nLogLevelMax=notice\n";
    const timer = `[Unit]
Description=${description}

[Timer]
${schedule}

[Install]
WantedBy=timers.target
`;
    return [
        { name: `${name}.service`, content: `${oneshot(description, ...scripts)}${quiet}`, enabled: false },
        { name: `${name}.timer`, content: timer, enabled: true },
    ];
}

const space = `[Unit]
Description=Disk space of BuildKit
After=buildkit-setup.service

[Service]
ExecStart=${paths.scripts}/space.sh --watch
Restart=always
RestartSec=5
OOMScoreAdjust=-500

[Install]
WantedBy=multi-user.target
`;

const journal = `[Unit]
Description=Log file of BuildKit for the CloudWatch agent
After=systemd-journald.service

[Service]
# systemd would open the file itself before it makes the directory.
ExecStart=/bin/sh -c 'exec journalctl --follow --lines=0 --output=cat --unit=buildkitd.service --unit=buildkit-setup.service --unit=buildkit-tls.service --unit=buildkit-idle.service >>${paths.logs}/node.log'
LogsDirectory=buildkit
LogsDirectoryMode=0750
Restart=always

[Install]
WantedBy=multi-user.target
`;
