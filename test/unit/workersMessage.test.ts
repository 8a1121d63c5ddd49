import { BinaryWriter } from "google-protobuf";
import * as fc from "fast-check";
import { type WorkerRecord, parseListWorkersResponse } from "../../components/buildx/workersMessage";

type Write = (writer: BinaryWriter) => void;

function message(...writes: Write[]): Uint8Array {
    const writer = new BinaryWriter();
    writes.forEach((write) => write(writer));
    return writer.getResultBuffer();
}

const texts = (...fields: [number, string][]) =>
    message(
        ...fields.map(
            ([number, value]) =>
                (writer: BinaryWriter) =>
                    writer.writeString(number, value),
        ),
    );

/** A response as BuildKit sends it, with fields that are not read. */
function encode(records: WorkerRecord[]): Uint8Array {
    return message(
        ...records.map(({ labels, platforms, version }) => (writer: BinaryWriter) => {
            const record = message(
                (inner) => inner.writeString(1, "id"),
                ...Object.entries(labels).map(([key, value]): Write => {
                    return (inner) => inner.writeBytes(2, texts([1, key], [2, value]));
                }),
                ...platforms.map(({ architecture, os, variant }): Write => {
                    const features = message((inner) => inner.writeString(5, "sse4"));
                    const platform = [...texts([1, architecture], [2, os], [3, variant]), ...features];
                    return (inner) => inner.writeBytes(3, Uint8Array.from(platform));
                }),
                (inner) =>
                    inner.writeBytes(
                        4,
                        message((policy) => policy.writeBool(1, true)),
                    ),
                (inner) => inner.writeBytes(5, texts([1, "package"], [2, version], [3, "revision"])),
            );
            writer.writeBytes(1, record);
        }),
    );
}

const key = fc.string().filter((text) => text !== "__proto__");
const record: fc.Arbitrary<WorkerRecord> = fc.record({
    labels: fc.dictionary(key, fc.string(), { noNullPrototype: true }),
    platforms: fc.array(fc.record({ architecture: fc.string(), os: fc.string(), variant: fc.string() })),
    version: fc.string(),
});

test("every response is read back", () => {
    fc.assert(
        fc.property(fc.array(record), (records) => {
            expect(parseListWorkersResponse(encode(records))).toEqual(records);
        }),
    );
});

test("what is absent is empty, and what is cut off is an error", () => {
    expect(parseListWorkersResponse(new Uint8Array())).toEqual([]);
    expect(parseListWorkersResponse(message((writer) => writer.writeBytes(1, new Uint8Array())))).toEqual([
        { labels: {}, platforms: [], version: "" },
    ]);
    const whole = encode([{ labels: {}, platforms: [], version: "v0.33.1" }]);
    expect(() => parseListWorkersResponse(whole.subarray(0, -2))).toThrow();
});
