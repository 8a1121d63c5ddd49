"""Checks policy documents against AWS's service authorization reference, as policy_sentry carries it.

Reads a JSON object of documents by name; prints a JSON list of problems. No network.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

import json
import re
import sys
from fnmatch import fnmatchcase

from policy_sentry.querying.actions import get_action_data, get_actions_for_service
from policy_sentry.querying.conditions import get_condition_keys_for_service

# In AWS's guide and not in its reference.
# https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-specify-session-document.html
KEYS_OUTSIDE_REFERENCE = ["ssm:SessionDocumentAccessCheck"]

# Claims that trust policies may ask for: of any issuer, and of those whose further claims STS reads.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
CLAIMS = ["aud", "sub"]
FURTHER_CLAIMS = {
    "token.actions.githubusercontent.com": [
        "actor",
        "actor_id",
        "enterprise_id",
        "environment",
        "job_workflow_ref",
        "ref",
        "repository",
        "repository_id",
        "workflow",
    ]
}


def as_list(value):
    return value if isinstance(value, list) else [value]


def overlap(a, b):
    """Whether some text matches both patterns, in which `*` is for any characters."""
    if not a or not b:
        return set(a + b) <= {"*"}
    if a[0] == "*":
        return overlap(a[1:], b) or overlap(a, b[1:])
    if b[0] == "*":
        return overlap(b, a)
    return a[0] == b[0] and overlap(a[1:], b[1:])


def pattern(template):
    """`arn:${Partition}:ssm:…` with its variables as `*`."""
    return re.sub(r"\*+", "*", re.sub(r"\$\{[^}]*\}", "*", template))


def claims_of(statement):
    """The condition keys of the OIDC providers that a trust policy names."""
    principal = statement.get("Principal", {})
    providers = as_list(principal.get("Federated", [])) if isinstance(principal, dict) else []
    issuers = [provider.split(":oidc-provider/")[-1] for provider in providers]
    return [f"{issuer}:{claim}" for issuer in issuers for claim in CLAIMS + FURTHER_CLAIMS.get(issuer, [])]


def problems_of(statement):
    resources = [pattern(each) for each in as_list(statement.get("Resource", []))]
    claims = claims_of(statement)
    keys = {key for operator in statement.get("Condition", {}).values() for key in operator if key not in claims}
    matched = set()
    for action in as_list(statement["Action"]):
        service, name = action.split(":")
        found = [each for each in get_actions_for_service(service) if fnmatchcase(each.lower(), action.lower())]
        if not found:
            yield f"{action} is no action"
        for each in found:
            rows = get_action_data(service, each.split(":")[1])[service]
            formats = [pattern(row["resource_arn_format"]) for row in rows]
            fitting = {own for own in resources if own == "*" or any(overlap(own, each) for each in formats if each != "*")}
            if resources and not fitting:
                yield f"{action} is not for any of {', '.join(resources)}"
            matched |= fitting
        known = [pattern(key) for key in get_condition_keys_for_service(service) + KEYS_OUTSIDE_REFERENCE]
        keys = {key for key in keys if not any(overlap(key, each) for each in known)}
    for resource in set(resources) - matched:
        yield f"{resource} is for none of the actions"
    for key in sorted(key for key in keys if not key.startswith("aws:")):
        yield f"{key} is no condition key of these services"


def main():
    documents = json.load(sys.stdin)
    problems = [
        f"{name}, {statement.get('Sid', 'without Sid')}: {problem}"
        for name, document in documents.items()
        for statement in as_list(document["Statement"])
        for problem in problems_of(statement)
    ]
    json.dump(problems, sys.stdout)


main()
