import { BinaryReader } from "google-protobuf";

/** A BuildKit worker as the daemon tells of it. */
export interface WorkerRecord {
    labels: Record<string, string>;
    platforms: { architecture: string; os: string; variant: string }[];
    version: string;
}

/**
 * Reads the few fields of BuildKit's ListWorkersResponse that are of use here; the others are skipped.
 * https://github.com/moby/buildkit/blob/v0.33.1/api/services/control/control.proto and api/types/worker.proto
 */
export function parseListWorkersResponse(bytes: Uint8Array): WorkerRecord[] {
    const records: WorkerRecord[] = [];
    readFields(bytes, { 1: (reader) => records.push(parseRecord(reader.readBytes())) });
    return records;
}

function parseRecord(bytes: Uint8Array): WorkerRecord {
    const record: WorkerRecord = { labels: {}, platforms: [], version: "" };
    readFields(bytes, {
        2: (reader) => {
            const [key, value] = readTexts(reader.readBytes(), 1, 2);
            record.labels[key!] = value!;
        },
        3: (reader) => {
            const [architecture, os, variant] = readTexts(reader.readBytes(), 1, 2, 3);
            record.platforms.push({ architecture: architecture!, os: os!, variant: variant! });
        },
        5: (reader) => ([record.version] = readTexts(reader.readBytes(), 2) as [string]),
    });
    return record;
}

/** Text fields by number; one that is absent is empty. */
function readTexts(bytes: Uint8Array, ...numbers: number[]): string[] {
    const texts = numbers.map(() => "");
    const into = (i: number) => (reader: BinaryReader) => (texts[i] = reader.readString());
    readFields(bytes, Object.fromEntries(numbers.map((number, i) => [number, into(i)])));
    return texts;
}

function readFields(bytes: Uint8Array, on: Record<number, (reader: BinaryReader) => unknown>): void {
    const reader = new BinaryReader(bytes);
    while (reader.nextField()) {
        const read = on[reader.getFieldNumber()];
        if (read) {
            read(reader);
        } else {
            reader.skipField();
        }
    }
}
