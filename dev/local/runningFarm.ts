import type { BuilderCredentials } from "../../components/builder";
import type { Farm, FarmNode } from "./farm";
import type { LocalRegistry } from "./registry";
import { stopFarm } from "./stopFarm";

/** A farm that serves. */
export class RunningFarm implements Farm {
    constructor(
        readonly dir: string,
        readonly nodes: FarmNode[],
        readonly credentials: BuilderCredentials,
        private readonly localRegistry: LocalRegistry | undefined,
        readonly fresh: boolean,
        readonly canRun: (platform: string) => boolean,
    ) {}

    get registry(): LocalRegistry {
        if (!this.localRegistry) {
            throw new Error("this farm was started with `registry: false`");
        }
        return this.localRegistry;
    }

    async stop(): Promise<void> {
        await stopFarm(this.dir);
    }
}

/** How a service came to serve. */
export function outcome(started: boolean, began: number): string {
    return started ? `ready in ${((Date.now() - began) / 1000).toFixed(1)} s` : "reused";
}
