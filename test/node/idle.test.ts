import { underEveryShell } from "./shell";

const settings = { IDLE_MINUTES: 20, GATE_SECONDS: 0 };

/** Stand-ins of a node that nobody uses. */
const unused = {
    ss: "",
    buildctl: 'case "$*" in *histories*) printf "COMPLETE\\n";; esac',
    systemctl: '[ "$1" != is-active ] || echo active',
    nft: "",
};

describe("busy.sh", () => {
    underEveryShell(settings, (folder) => {
        beforeEach(() => Object.entries(unused).forEach(([name, body]) => folder().stub(name, body)));

        it("is idle without clients and builds", () => {
            expect(folder().run("busy.sh")).toMatchObject({ status: 1, stdout: "" });
        });

        it("counts clients", () => {
            folder().stub("ss", "printf 'ESTAB 0 0 10.0.0.1:1234 10.0.0.9:5\\nESTAB 0 0 10.0.0.1:1234 10.0.0.9:6\\n'");
            expect(folder().run("busy.sh")).toMatchObject({ status: 0, stdout: "busy.sh: 2 client connections\n" });
            expect(folder().calls[0]).toBe("ss -Htn state established ( sport = :1234 )");
        });

        it("counts builds that run without a client on the port", () => {
            folder().stub("buildctl", "printf 'STARTED\\nCOMPLETE\\n'");
            expect(folder().run("busy.sh")).toMatchObject({ status: 0, stdout: "busy.sh: 1 builds\n" });
        });

        it("takes a daemon that does not answer for idle", () => {
            folder().stub("buildctl", "exit 1");
            expect(folder().run("busy.sh")).toMatchObject({ status: 1 });
        });

        it("is busy while the node is being set up", () => {
            folder().stub("systemctl", "echo activating; exit 3");
            expect(folder().run("busy.sh")).toMatchObject({ status: 0 });
        });

        it("says so when it cannot tell", () => {
            folder().stub("ss", "exit 1");
            expect(folder().run("busy.sh")).toMatchObject({ status: 3 });
        });
    });
});

describe("idle.sh", () => {
    underEveryShell(settings, (folder) => {
        beforeEach(() => Object.entries(unused).forEach(([name, body]) => folder().stub(name, body)));
        const at = (seconds: number) => {
            folder().settings.UPTIME_FILE = folder().write("uptime", `${seconds}.50 100.00\n`);
            return folder().run("idle.sh");
        };
        const powerOffs = () => folder().calls.filter((call) => call === "systemctl poweroff").length;
        const gate = () => folder().calls.filter((call) => call.startsWith("nft"));

        it("powers off after the minutes and not before", () => {
            expect(at(100)).toMatchObject({ status: 0 });
            at(1299);
            expect(powerOffs()).toBe(0);
            expect(at(1300)).toMatchObject({ status: 0, stdout: "idle.sh: idle for 20 minutes: powering off\n" });
            expect(powerOffs()).toBe(1);
        });

        it("starts to count anew after each use", () => {
            at(100);
            folder().stub("ss", "echo ESTAB");
            at(1200);
            folder().stub("ss");
            at(1400);
            at(2500);
            expect(powerOffs()).toBe(0);
            at(2600);
            expect(powerOffs()).toBe(1);
        });

        it("refuses new clients before the last look, and keeps refusing them while the machine goes down", () => {
            at(0);
            at(1200);
            expect(gate()).toEqual(["nft -f /etc/buildkit/gate.nft"]);
            const order = folder().calls.slice(folder().calls.indexOf("nft -f /etc/buildkit/gate.nft"));
            expect(order.map((call) => call.split(" ").slice(0, 2).join(" "))).toEqual([
                "nft -f",
                "ss -Htn",
                expect.stringMatching(/^buildctl/),
                "systemctl is-active",
                "systemctl poweroff",
            ]);
        });

        it("stays up for a client that came before the gate closed", () => {
            at(0);
            const closed = folder().file("closed");
            folder()
                .stub("nft", `[ "$1" != -f ] || touch "${closed}"`)
                .stub("ss", `[ ! -e "${closed}" ] || echo ESTAB`);
            expect(at(1200)).toMatchObject({
                status: 0,
                stdout: expect.stringContaining("stays up: busy.sh: 1 client") as string,
            });
            expect(powerOffs()).toBe(0);
            expect(gate()).toEqual(["nft -f /etc/buildkit/gate.nft", "nft delete table inet buildkit_gate"]);
        });

        it("stays up when it cannot tell", () => {
            at(0);
            folder().stub("ss", "exit 1");
            at(5000);
            expect(powerOffs()).toBe(0);
        });

        it("opens the gate again when the machine refuses to power off", () => {
            at(0);
            folder().stub("systemctl", '[ "$1" != poweroff ]');
            expect(at(1200)).toMatchObject({ status: 1 });
            expect(gate()).toContain("nft delete table inet buildkit_gate");
        });
    });
});
