import { randomInt } from "node:crypto";
import { createServer } from "node:net";

// Below the range that Linux gives to outgoing connections, so that no stranger's connection takes a port between two starts.
const lowest = 20_000;
const highest = 32_000;

/** Picks free loopback ports and keeps those of an earlier run: image tags and cache refs hold the registry's port. */
export class Ports {
    private readonly kept: Record<string, number>;
    private readonly taken = new Set<number>();

    constructor(kept: Record<string, number> = {}) {
        this.kept = { ...kept };
    }

    /** The port of a service: the earlier one when it is free or the service itself holds it, else a new one. */
    async of(service: string, runs: boolean): Promise<number> {
        const earlier = this.kept[service];
        if (earlier !== undefined && !this.taken.has(earlier) && (runs || (await isFree(earlier)))) {
            this.taken.add(earlier);
            return earlier;
        }
        for (let tries = 0; tries < 200; tries++) {
            const port = randomInt(lowest, highest);
            if (!this.taken.has(port) && (await isFree(port))) {
                this.taken.add(port);
                this.kept[service] = port;
                return port;
            }
        }
        throw new Error(
            `no free loopback port between ${lowest} and ${highest} for ${service}: end what listens there`,
        );
    }

    /** All ports, for the next run. */
    all(): Record<string, number> {
        return { ...this.kept };
    }
}

export function isFree(port: number): Promise<boolean> {
    return new Promise((resolve) => {
        const server = createServer();
        server.once("error", () => resolve(false));
        server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
    });
}
