import type { CiFile } from "../facts";
import {
    type Job,
    build,
    buildOnly,
    cleanup,
    header,
    indented,
    mapping,
    recordFile,
    secretVariables,
    setupAndLogin,
    variables,
    webIdentity,
} from "./parts";

/** A configuration that runs `make cross-build`, and that target. https://circleci.com/docs/configuration-reference/ */
export function circleciFiles(job: Job): CiFile[] {
    return [
        { path: ".circleci/config.yml", content: configuration(job) },
        { path: "multiarch-builder.mk", content: makefile(job) },
        ...recordFile(job),
    ];
}

function configuration(job: Job): string {
    const { ecrRegion, onAws, pullRequests, roles } = job;
    const secrets = secretVariables(job);
    const withAws = onAws || ecrRegion !== undefined;
    const context = [
        ...(secrets.length > 0 ? [secrets.join(", ")] : []),
        ...(withAws && roles.push === undefined ? ["AWS_ROLE_ARN"] : []),
    ];
    return `${header(job.facts, "circleci")}# The context multiarch-builder gives its jobs an identity token; restrict it to this project.${
        context.length > 0 ? `\n# It holds: ${context.join(", ")}.` : ""
    }
version: "2.1"
jobs:
  cross-build:
${jobBody(job, false)}${pullRequests ? `  cross-build-check:\n${jobBody(job, true)}` : ""}workflows:
  image:
    jobs:
      - cross-build:
          context: multiarch-builder
          filters:
            branches:
              only: main
            tags:
              only: /^v.*/
${
    pullRequests
        ? `      # A pull request of a fork gets no context, so its job has no credentials and ends at once.
      - cross-build-check:
          context: multiarch-builder-pull-request
          filters:
            branches:
              ignore: [main, /^pull\\/.*/]
`
        : `      # Other branches have no credentials for the builder, so they have no job here.
`
}`;
}

function jobBody(job: Job, pullRequest: boolean): string {
    const { ecrRegion, onAws, roles } = job;
    const withAws = onAws || ecrRegion !== undefined;
    const role = pullRequest ? roles.pullRequest : roles.push;
    const target = pullRequest ? "cross-build-check" : "cross-build";
    const script = [...(withAws ? [webIdentity("CIRCLE_OIDC_TOKEN_V2")] : []), setupAndLogin(job), `make ${target}`];
    return `    machine:
      image: ubuntu-2404:current
    environment:
${mapping({ ...variables(job, pullRequest), AWS_ROLE_ARN: withAws ? role : undefined, DEFAULT_BRANCH: "main" }, 6)}
    steps:
      - checkout
      - run:
          name: ${target}
          command: |
${indented(script.join("\n"), 12)}
      - run:
          name: clean up
          command: ${cleanup}
          when: always
`;
}

/** The one target that changes; the others of the user's Makefile stay as they are. */
function makefile(job: Job): string {
    const recipe = build.replace("branch sha ", "branch short-sha ").replaceAll("$", "$$$$").split("\n");
    return `${header(job.facts, "circleci")}# In the Makefile, instead of its target cross-build:  include multiarch-builder.mk
.PHONY: cross-build${job.pullRequests ? " cross-build-check" : ""}
cross-build:
	@set -e; \\
	${recipe.join("; \\\n\t")}
${job.pullRequests ? `\ncross-build-check:\n\t@${buildOnly.replaceAll("$", "$$$$")}\n` : ""}`;
}
