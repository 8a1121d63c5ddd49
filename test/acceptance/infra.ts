import * as fs from "node:fs";
import * as path from "node:path";
import { chooseEngine } from "../../dev/local/engine";
import type { Farm } from "../../dev/local/farm";
import { Project, RegistryView, testFarm } from "../support/project";
import { Cli } from "./pulumi";

const { engine, reason } = chooseEngine();

/** Why nothing here can run; undefined where the CLI and its docker-build plugin are installed. */
export const missing = engine === "pulumi" ? undefined : `the Pulumi CLI: ${reason}`;

/** A local farm, and this repository's program with an empty stack `prod` under the CLI. */
export interface Infra {
    farm: Farm;
    project: Project;
    registry: RegistryView;
    cli: Cli;
}

export async function startInfra(base: string): Promise<Infra> {
    const farm = await testFarm(base);
    const project = new Project(farm, base, "infra", "prod");
    // The provider reads an index back over HTTPS, on loopback too.
    const authorities = path.join(base, "authorities.pem");
    fs.copyFileSync(farm.registry.caFile, authorities);
    const { DOCKER_CONFIG, MULTIARCH_BUILDER_READY_SECONDS } = (await project.prepare(undefined)).env;
    const cli = new Cli(base, {
        DOCKER_CONFIG: DOCKER_CONFIG!,
        MULTIARCH_BUILDER_READY_SECONDS: MULTIARCH_BUILDER_READY_SECONDS!,
        SSL_CERT_FILE: authorities,
    });
    fs.rmSync(path.join(project.dir, "Pulumi.prod.yaml"));
    await cli.succeed(project.dir, "stack", "init", "prod", "--no-select");
    return { farm, project, registry: new RegistryView(farm), cli };
}
