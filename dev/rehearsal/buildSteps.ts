import { stripVTControlCharacters } from "node:util";
import { lastLines } from "../tools/requirements";

/** What buildx tells of a vertex of the build graph. https://github.com/moby/buildkit/blob/master/client/graph.go */
interface Vertex {
    digest: string;
    name: string;
    started?: string;
    completed?: string;
    cached?: boolean;
    error?: string;
}

interface VertexStatus {
    id: string;
    vertex: string;
    current?: number;
    total?: number;
    completed?: string;
}

interface VertexLog {
    vertex: string;
    /** Base64. */
    data: string;
}

interface SolveStatus {
    vertexes?: Vertex[];
    statuses?: VertexStatus[];
    logs?: VertexLog[];
}

/** A step that failed. */
export interface FailedStep {
    name: string;
    /** The last lines that it printed. */
    output: string;
}

/** The longest output of a step that is kept. */
const keptCharacters = 16_000;

/** What a build is at, from the lines of `--progress=rawjson`. */
export class BuildSteps {
    private readonly vertexes = new Map<string, Vertex>();
    private readonly statuses = new Map<string, Map<string, VertexStatus>>();
    private readonly outputs = new Map<string, string>();

    /** Reads a line; false when it is none of these events but text for people. */
    read(line: string): boolean {
        const event = parse(line);
        for (const vertex of event?.vertexes ?? []) {
            // The last to be told of stands last, and so does a step that began last.
            this.vertexes.delete(vertex.digest);
            this.vertexes.set(vertex.digest, vertex);
        }
        for (const status of event?.statuses ?? []) {
            const known = this.statuses.get(status.vertex) ?? new Map<string, VertexStatus>();
            this.statuses.set(status.vertex, known.set(status.id, status));
        }
        for (const { vertex, data } of event?.logs ?? []) {
            this.outputs.set(vertex, ending((this.outputs.get(vertex) ?? "") + Buffer.from(data, "base64").toString()));
        }
        return event !== undefined;
    }

    /** The step that began last among those that run, a step of the Dockerfile before what BuildKit does for itself. */
    get current(): { step: string; extent: string } | undefined {
        const running = [...this.vertexes.values()].filter(({ started, completed }) => started && !completed);
        const [vertex] = [...running.filter(isInternal), ...running.filter((one) => !isInternal(one))].reverse();
        return vertex && { step: vertex.name.replace(/^\[internal\] /, ""), extent: this.extent(vertex) };
    }

    /** What is done, whether by a run or from the cache. */
    get completed(): { name: string; cached: boolean }[] {
        const vertexes = [...this.vertexes.values()].filter(({ completed, error }) => completed && !error);
        return vertexes.map(({ name, cached = false }) => ({ name, cached }));
    }

    get failed(): FailedStep | undefined {
        const vertexes = [...this.vertexes.values()].filter(({ error }) => error);
        // A build goes on without a cache that cannot be read; steps beside the one that failed are ended with it.
        const harmless = ({ name, error }: Vertex) =>
            name.startsWith("importing cache") || /context canceled/i.test(error!);
        const vertex = vertexes.findLast((one) => !harmless(one));
        return vertex && { name: vertex.name, output: lastLines(readable(this.outputs.get(vertex.digest) ?? ""), 20) };
    }

    /** How far a transfer is. */
    private extent({ digest }: Vertex): string {
        const transfers = [...(this.statuses.get(digest)?.values() ?? [])].filter(({ completed }) => !completed);
        const sum = (pick: (status: VertexStatus) => number | undefined) =>
            transfers.reduce((total, status) => total + (pick(status) ?? 0), 0);
        const [current, total] = [sum((status) => status.current), sum((status) => status.total)];
        if (current < megabyte / 10 && total < megabyte / 10) {
            return "";
        }
        return total > 0 ? `${megabytes(current)} of ${megabytes(total)} MB` : `${megabytes(current)} MB`;
    }
}

/** The last whole lines: of a part of one, a secret could not be told any more. */
function ending(output: string): string {
    const end = output.slice(-keptCharacters);
    return end.length === output.length ? output : end.slice(end.indexOf("\n") + 1 || end.length);
}

/** What a terminal would show at the end: without colours, and of a line that was written over the last state. */
function readable(output: string): string {
    const lines = stripVTControlCharacters(output).replaceAll("\r\n", "\n").split("\n");
    return lines.map((line) => line.split("\r").filter(Boolean).at(-1) ?? "").join("\n");
}

const megabyte = 1e6;

function megabytes(bytes: number): string {
    return (bytes / megabyte).toFixed(1);
}

function isInternal({ name }: Vertex): boolean {
    return name.startsWith("[internal]") || name.startsWith("[auth]");
}

const kinds = ["vertexes", "statuses", "logs", "warnings"];

function parse(line: string): SolveStatus | undefined {
    try {
        const event: unknown = line.startsWith("{") ? JSON.parse(line) : undefined;
        const isEvent = typeof event === "object" && event !== null && kinds.some((kind) => kind in event);
        return isEvent ? event : undefined;
    } catch {
        return undefined;
    }
}
