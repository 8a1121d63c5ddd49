import * as rpc from "@pulumi/pulumi/runtime/rpc";
import type { Value } from "../../dev/rehearsal/properties";

const output = (fields: Record<string, Value>): Value => ({
    [rpc.specialSigKey]: rpc.specialOutputValueSig,
    ...fields,
});

/** Output values as the SDK puts them on the wire. */
export const OutputValues = {
    known: (value: Value) => output({ value }),
    secret: (value: Value) => output({ value, secret: true }),
    unknown: output({}),
    unknownSecret: output({ secret: true }),
};
