/* eslint-disable @typescript-eslint/no-require-imports -- a program cannot wait for an import() while it makes resources */

/** The backend on EC2. It is loaded for farms that have it: together the backends take longer than all the rest. */
export function ec2Module(): typeof import("./ec2") {
    return require("./ec2") as typeof import("./ec2");
}

/** The access for CI systems, loaded for farms on AWS. */
export function ciModule(): typeof import("./ci") {
    return require("./ci") as typeof import("./ci");
}

/** The backend on EKS, loaded for farms that have it. */
export function eksModule(): typeof import("./eks") {
    return require("./eks") as typeof import("./eks");
}
