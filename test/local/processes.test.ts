import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withFolderLock } from "../../dev/local/files";
import { Ports, isFree } from "../../dev/local/ports";
import { ensureProcess, isProcessRunning, stopProcess } from "../../dev/local/processes";

describe("background processes", () => {
    let dir: string;
    const pid = (name: string) =>
        (JSON.parse(readFileSync(join(dir, "run", `${name}.pid`), "utf8")) as { pid: number }).pid;
    const shell = (name: string, script: string, more: object = {}) =>
        ensureProcess({
            dir,
            name,
            command: "/bin/sh",
            args: ["-c", script],
            fingerprint: "1",
            ready: async () => undefined,
            ...more,
        });

    beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "processes-"))));
    afterEach(async () => {
        await stopProcess(dir, "a");
        rmSync(dir, { recursive: true });
    });

    it("are reused while nothing changes and started anew when something does", async () => {
        expect(await shell("a", "sleep 60")).toBe("started");
        const first = pid("a");
        expect(await shell("a", "sleep 60")).toBe("reused");
        expect(pid("a")).toBe(first);
        expect(await shell("a", "sleep 60", { fingerprint: "2" })).toBe("started");
        expect(pid("a")).not.toBe(first);
    });

    it("are ended by SIGKILL when SIGTERM does not do it", async () => {
        const ready = async () =>
            readFileSync(join(dir, "logs", "a.log"), "utf8").includes("up") ? undefined : "no line";
        await shell("a", "trap '' TERM; echo up; while :; do sleep 1; done", { ready });
        expect(isProcessRunning(dir, "a")).toBe(true);
        expect(await stopProcess(dir, "a", 300)).toBe(true);
        expect(isProcessRunning(dir, "a")).toBe(false);
        expect(await stopProcess(dir, "a")).toBe(false);
    });

    it("are not taken for ended while a thread of theirs holds a port", async () => {
        const script = `import ctypes, signal, socket, threading, time
server = socket.create_server(("127.0.0.1", 0))
signal.signal(signal.SIGTERM, lambda *_: ctypes.CDLL(None).pthread_exit(None))
threading.Thread(target=time.sleep, args=(60,)).start()
print(server.getsockname()[1], flush=True)
while True: time.sleep(0.05)`;
        const port = () => Number(readFileSync(join(dir, "logs", "a.log"), "utf8"));
        const ready = async () => (port() > 0 ? undefined : "no port");
        await shell("a", "", { command: "python3", args: ["-c", script], ready });
        expect(await stopProcess(dir, "a", 500)).toBe(true);
        expect(await isFree(port())).toBe(true);
    });

    it("show the end of their log when they die while starting", async () => {
        const dying = shell("a", "echo 'cannot bind: address in use' >&2; exit 3", { ready: async () => "not there" });
        await expect(dying).rejects.toThrow(/ended while starting \(exit 3\)[^]*cannot bind: address in use/);
        expect(isProcessRunning(dir, "a")).toBe(false);
    });

    it("say what is missing when they do not serve in time, and are stopped", async () => {
        const slow = shell("a", "sleep 60", { ready: async () => "port closed", timeoutMs: 300 });
        await expect(slow).rejects.toThrow(/did not serve within 0.3 s \(port closed\)/);
        expect(isProcessRunning(dir, "a")).toBe(false);
    });

    it("never are a stranger that has the process id now", async () => {
        const stranger = spawn("sleep", ["60"], { stdio: "ignore" });
        try {
            await shell("a", "sleep 60");
            const ours = pid("a");
            const file = join(dir, "run", "a.pid");
            const record = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
            writeFileSync(file, JSON.stringify({ ...record, pid: stranger.pid, startTicks: "1" }));
            expect(isProcessRunning(dir, "a")).toBe(false);
            expect(await stopProcess(dir, "a")).toBe(false);
            expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
            process.kill(ours, "SIGKILL");
        } finally {
            stranger.kill("SIGKILL");
        }
    });
});

describe("ports", () => {
    it("keep what an earlier run used, and move when a stranger holds it", async () => {
        const ports = new Ports();
        const [a, b] = [await ports.of("a", false), await ports.of("b", false)];
        expect(a).not.toBe(b);
        const later = new Ports(ports.all());
        expect(await later.of("a", false)).toBe(a);
        const stranger = createServer();
        await new Promise<void>((resolve) => stranger.listen(b, "127.0.0.1", resolve));
        try {
            expect(await isFree(b)).toBe(false);
            expect(await later.of("b", false)).not.toBe(b);
            expect(await new Ports(ports.all()).of("b", true)).toBe(b);
        } finally {
            await new Promise((resolve) => stranger.close(resolve));
        }
    });
});

describe("the lock of a folder", () => {
    it("lets one action run at a time and goes with it, even when it fails", async () => {
        const folder = mkdtempSync(join(tmpdir(), "lock-"));
        const events: string[] = [];
        const action = (name: string) => async () => {
            events.push(`${name} in`);
            await new Promise((resolve) => setTimeout(resolve, 100));
            events.push(`${name} out`);
            throw new Error(name);
        };
        const lines: string[] = [];
        const log = (line: string) => lines.push(line);
        const results = await Promise.allSettled(["a", "b"].map((name) => withFolderLock(folder, log, action(name))));
        rmSync(folder, { recursive: true });
        expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
        expect(events).toEqual(["a in", "a out", "b in", "b out"]);
        expect(lines).toHaveLength(1);
    });
});
