import * as pulumi from "@pulumi/pulumi";
import * as fc from "fast-check";
import type { CiAccessArgs, FarmCi } from "../../components/ci/arguments";
import { validateAccess, validateFarmCi } from "../../components/ci/validate";
import type { Ec2BuildersArgs } from "../../components/ec2/arguments";
import { validateEc2 } from "../../components/ec2/validate";
import { type BuilderEndpoint, validateEndpoints } from "../../components/endpoints";
import { type FarmSettings, validateFarm } from "../../components/farm/validate";
import { Problems } from "../../components/problems";
import type { BuildRegistryArgs } from "../../components/registry/arguments";
import { validateRegistry } from "../../components/registry/validate";
import type { BuilderTlsArgs } from "../../components/tls/arguments";
import { validateTls } from "../../components/tls/validate";
import { changedArguments } from "../support/anyArguments";
import {
    everyAccessArgument,
    everyCiArgument,
    everyEc2Argument,
    everyEc2FarmArgument,
    everyEndpointArgument,
    everyEndpointFarmArgument,
    everyRegistryArgument,
    everyTlsArgument,
    existingTlsArguments,
} from "../support/everyArgument";

type Check = (args: unknown, problems: Problems) => void;

const ec2: Check = (args, problems) =>
    void validateEc2(
        "ci",
        args as Ec2BuildersArgs,
        (...problem) => problems.add(...problem),
        () => undefined,
    );
const registry: Check = (args, problems) => void validateRegistry(args as BuildRegistryArgs, problems);
const tls: Check = (args, problems) => void validateTls(args as BuilderTlsArgs, problems);
const endpoints: Check = (args, problems) =>
    validateEndpoints("ci", (args as { list?: BuilderEndpoint[] } | null | undefined)?.list as never, problems);

const ci: Check = (args, problems) =>
    void validateFarmCi(
        args as FarmCi,
        (...problem) => problems.add(...problem),
        () => undefined,
    );
const access: Check = (args, problems) =>
    void validateAccess(
        args as CiAccessArgs,
        (...problem) => problems.add(...problem),
        () => undefined,
    );

const farm: Check = (args, problems) => void validateFarm("ci", args as FarmSettings, problems);

const components: [string, Check, object][] = [
    ["a farm on EC2", farm, everyEc2FarmArgument],
    ["a farm of endpoints", farm, everyEndpointFarmArgument],
    ["builders on EC2", ec2, everyEc2Argument],
    ["a registry", registry, everyRegistryArgument],
    ["certificates", tls, everyTlsArgument],
    ["existing certificates", tls, existingTlsArguments],
    ["endpoints", endpoints, everyEndpointArgument],
    ["access for CI systems", ci, everyCiArgument],
    ["roles of CI systems", access, everyAccessArgument],
];

/** The error that arguments end with, if they end with one. */
function refusal(check: Check, args: unknown): Error | undefined {
    const problems = new Problems();
    check(args, problems);
    try {
        problems.throwIfAny("the component");
        return undefined;
    } catch (error) {
        return error as Error;
    }
}

describe.each(components)("%s", (_, check, good) => {
    test("with every argument are taken", () => {
        expect(refusal(check, good)?.message).toBeUndefined();
    });

    test("with anything in any place are taken, or refused in words", () => {
        fc.assert(
            fc.property(changedArguments(good), (args) => {
                const error = refusal(check, args);
                if (error === undefined) {
                    return;
                }
                expect(pulumi.InputPropertiesError.isInstance(error)).toBe(true);
                const lines = error.message.split("\n  - ");
                for (const line of lines.slice(1)) {
                    expect(line).toMatch(/^`.+`: .+$/);
                    // What was written by the user may hold anything, and stands at the end.
                    expect(line.replace(/ \(got [^]*\)$/, "")).not.toMatch(/\[object |\bundefined\b|=> /);
                    expect(line).not.toMatch(/\(got (\[object |undefined)/);
                }
                // Each is told once.
                expect(new Set(lines).size).toBe(lines.length);
            }),
            { numRuns: 200 },
        );
    }, 300_000);
});
