import { readFileSync } from "node:fs";
import * as path from "node:path";
import { parseInstance } from "../../components/buildx/instance";

test("what buildx writes is read back", () => {
    const recorded = path.join(__dirname, "../fixtures/contract/0.37.0/instances/ci-386");
    expect(parseInstance(readFileSync(recorded, "utf8"))).toEqual({
        nodeNames: ["ci-node-386"],
        credentialsDirs: ["/credentials"],
    });
});

test.each(["5", '"x"', "[]", "{}", '{"Nodes":[]}'])("%j has no node and no folder of ours", (text) => {
    expect(parseInstance(text)).toEqual({ nodeNames: [], credentialsDirs: [] });
});

test.each(["", "null", "{", '{"Nodes":5}', '{"Nodes":[null]}', '{"Nodes":[{"DriverOpts":{"cacert":5}}]}'])(
    "%j is no instance",
    (text) => {
        expect(parseInstance(text)).toBeUndefined();
    },
);

test("an instance of another driver has no folder of ours", () => {
    expect(parseInstance('{"Name":"x","Driver":"docker-container","Nodes":[{"Name":"x0","DriverOpts":null}]}')).toEqual(
        {
            nodeNames: ["x0"],
            credentialsDirs: ["."],
        },
    );
});
