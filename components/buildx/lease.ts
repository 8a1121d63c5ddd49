import * as http2 from "node:http2";
import type { BuilderCredentials, BuilderNode } from "../builder";
import { needsCredentials } from "./kubePod";

const retryMs = 5000;

/**
 * Keeps nodes from going to sleep until the returned function is called: one that has a connection is in use. A connection
 * that breaks is made anew. Pods do not sleep.
 */
export function holdNodes(nodes: readonly BuilderNode[], credentials: BuilderCredentials): () => void {
    const ends = nodes.filter(needsCredentials).map((node) => hold(node, credentials));
    return () => ends.forEach((end) => end());
}

function hold({ endpoint, serverName }: BuilderNode, { ca, cert, key }: BuilderCredentials): () => void {
    let ended = false;
    let session: http2.ClientHttp2Session;
    let retry: NodeJS.Timeout | undefined;
    const open = () => {
        session = http2.connect(`https://${new URL(endpoint).host}`, { ca, cert, key, servername: serverName });
        session.on("error", () => undefined);
        session.on("close", () => {
            retry = ended ? undefined : setTimeout(open, retryMs).unref();
        });
        session.unref();
    };
    open();
    return () => {
        ended = true;
        clearTimeout(retry);
        session.destroy();
    };
}
