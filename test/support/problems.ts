import type { BuilderEndpoint } from "../../components/endpoints";
import { validateEndpoints } from "../../components/endpoints";
import type { Ec2BuildersArgs } from "../../components/ec2/arguments";
import { validateEc2 } from "../../components/ec2/validate";
import { Problems } from "../../components/problems";
import type { BuildRegistryArgs } from "../../components/registry/arguments";
import { validateRegistry } from "../../components/registry/validate";
import type { BuilderTlsArgs } from "../../components/tls/arguments";
import { tlsWarnings, validateTls } from "../../components/tls/validate";

/** What is told of arguments before anything is created: each line as a person reads it. */
export interface Told {
    errors: string[];
    warnings: string[];
}

/** The lines of the one error that a check ends with. */
export function errorsOf(check: (problems: Problems) => void): string[] {
    const problems = new Problems();
    check(problems);
    try {
        problems.throwIfAny("x");
        return [];
    } catch (error) {
        return (error as Error).message.split("\n  - ").slice(1);
    }
}

const pair = (name: string) => ({ cert: `CERT-${name}`, key: `KEY-${name}` });

/** The least that builders on EC2 take. */
export const leastEc2: Ec2BuildersArgs = {
    subnetId: "subnet-0123456789abcdef0",
    access: { securityGroupIds: ["sg-0123456789abcdef0"] },
    tls: {
        clientCa: "CLIENT-CA",
        nodeCertificates: { "ci-amd64": pair("amd64"), "ci-arm64": pair("arm64") },
        credentials: { ca: "SERVER-CA", cert: "CLIENT-CERT", key: "CLIENT-KEY" },
    },
};

/** The least that certificates take. */
export const leastTls: BuilderTlsArgs = {
    nodes: [
        { name: "ci-amd64", serverName: "amd64.internal" },
        { name: "ci-arm64", serverName: "arm64.internal" },
    ],
};

/** What is told of builders on EC2 with these changes of the least arguments. */
export function ec2(change: object = {}, name = "ci"): Told {
    const warnings: string[] = [];
    const errors = errorsOf((problems) => {
        validateEc2(
            name,
            { ...leastEc2, ...change },
            (...problem) => problems.add(...problem),
            (path, text) => warnings.push(`\`${path}\`: ${text}`),
        );
    });
    return { errors, warnings };
}

/** What is told of a registry with these arguments besides one repository. */
export function registry(change: object = {}): Told {
    const args: BuildRegistryArgs = { repositories: ["shop/api"], ...change };
    return { errors: errorsOf((problems) => validateRegistry(args, problems)), warnings: [] };
}

/** What is told of certificates with these changes of the least arguments. */
export function tls(change: object = {}): Told {
    const args: BuilderTlsArgs = { ...leastTls, ...change };
    const errors = errorsOf((problems) => validateTls(args, problems));
    return { errors, warnings: errors.length > 0 ? [] : tlsWarnings(args) };
}

/** What is told of endpoints. */
export function endpoints(list: unknown): Told {
    return {
        errors: errorsOf((problems) => validateEndpoints("ci", list as BuilderEndpoint[], problems)),
        warnings: [],
    };
}
