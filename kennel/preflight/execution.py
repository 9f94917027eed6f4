"""CloudFormation's execution role: whether IAM lets it do what the templates need."""

from __future__ import annotations

from collections.abc import Iterator

from kennel.bootstrap.needs import needs
from kennel.preflight.finding import Finding, error, ok, unknown
from kennel.preflight.simulator import decisions
from kennel.preflight.subject import Subject

Question = tuple[str, str, str]
"""A resource, and the condition key and value that its actions are asked with."""


def allowed(subject: Subject) -> Iterator[Finding]:
    """One finding per service of whose actions some are denied."""
    iam, role = subject.session.client("iam"), subject.stacks[0].execution_role
    asked = 0
    denied: dict[str, dict[str, str]] = {}
    try:
        for question, actions in _questions(subject).items():
            for action, decision in _ask(iam, role, question, sorted(actions)).items():
                asked += 1
                if decision != "allowed":
                    denied.setdefault(action.partition(":")[0], {})[action] = question[0]
    except iam.exceptions.NoSuchEntityException:
        yield unknown("the role with which CloudFormation deploys does not exist yet: it comes with the bootstrap")
        return
    name, environment = role.rpartition("/")[2], subject.config.environment
    for service, found in sorted(denied.items()):
        first = next(iter(found.values()))
        yield error(
            f"{name}, with which CloudFormation deploys, may not {', '.join(sorted(found))} (for example on {first}): "
            f"deploy the policies of `kennel bootstrap-policy --env {environment}` anew, or allow {service} in your own"
        )
    if not denied:
        yield ok(f"the role with which CloudFormation deploys may do all that the templates need ({asked} questions)")


def _questions(subject: Subject) -> dict[Question, set[str]]:
    """What can be asked about together: the actions on one resource with one condition."""
    found: dict[Question, set[str]] = {}
    for statement in needs(subject.config, subject.resolved):
        _, key, values = statement.condition or ("", "", ("",))
        for resource in statement.resources:
            # Any name that the pattern covers.
            arn = subject.session.fill_placeholders(resource)
            for value in values:
                where = (arn if arn == "*" else arn.replace("*", "x"), key, subject.session.fill_placeholders(value))
                found.setdefault(where, set()).update(statement.actions)
    return found


def _ask(iam: object, role: str, question: Question, actions: list[str]) -> dict[str, str]:
    resource, key, value = question
    context = {key: value} if key else {}
    return decisions(iam, "simulate_principal_policy", {"PolicySourceArn": role}, actions, resource, context)
