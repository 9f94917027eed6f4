"""The account and the region: whether they are ready for a first deploy."""

from __future__ import annotations

from collections.abc import Iterator

from botocore.exceptions import ClientError

from config import notify
from kennel.bootstrap.command import command as bootstrap_command
from kennel.preflight import topic
from kennel.preflight.finding import Finding, error, ok, unknown, warning
from kennel.preflight.subject import Subject

LINKED_ROLES = {
    "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint": "the endpoint's scaling",
    "AWSServiceRoleForAmazonSageMakerNotebooks": "the Studio domain",
}
"""Roles that AWS makes on first use, for what of ours."""


def account(subject: Subject) -> Iterator[Finding]:
    """The session exists, so its credentials are of the environment's account."""
    config = subject.config
    yield ok(
        f"the credentials are of account {config.account}, as environment {config.environment} says; {config.region}"
    )


def region(subject: Subject) -> Iterator[Finding]:
    """Whether every resource type of the templates is offered there."""
    formation = subject.session.client("cloudformation")
    kinds = sorted({r.kind for r in subject.resolved.resources if not r.kind.startswith("Custom::")})
    missing = [kind for kind in kinds if not _offered(formation, kind)]
    for kind in missing:
        yield error(
            f"{subject.config.region} does not offer {kind}: choose another region, or turn off what needs it "
            f"({_fix(kind)})"
        )
    if not missing:
        yield ok(f"{subject.config.region} offers all {len(kinds)} resource types of the templates")


def _offered(formation: object, kind: str) -> bool:
    try:
        formation.describe_type(Type="RESOURCE", TypeName=kind)  # type: ignore[attr-defined]
    except ClientError as failure:
        if failure.response["Error"]["Code"] != "TypeNotFoundException":
            raise
        return False
    return True


def _fix(kind: str) -> str:
    return {"AWS::Budgets::Budget": "only a preset other than strict deploys without a budget"}.get(
        kind, "`kennel config show` lists the settings"
    )


def bootstrap(subject: Subject) -> Iterator[Finding]:
    """The CDK's own stack, which holds the assets and the roles that deploy."""
    wanted = max(subject.stacks, key=lambda stack: stack.bootstrap_version)
    name, place = wanted.bootstrap_parameter, f"aws://{subject.config.account}/{subject.config.region}"
    command = bootstrap_command(place, name)
    try:
        version = int(subject.session.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])
    except ClientError as failure:
        if failure.response["Error"]["Code"] != "ParameterNotFound":
            raise
        yield error(f"the CDK is not bootstrapped in this account and region: run `{command}` in the clone, once")
        return
    if version < wanted.bootstrap_version:
        yield error(
            f"the CDK's bootstrap stack has version {version}, and the templates need {wanted.bootstrap_version}: run "
            f"`{command}` in the clone again"
        )
    else:
        yield ok(f"the CDK is bootstrapped, version {version}")


def linked_roles(subject: Subject) -> Iterator[Finding]:
    """AWS makes them on first use, if whoever deploys may create them."""
    if subject.local:
        yield unknown("the local cloud has no service-linked roles")
        return
    iam = subject.session.client("iam")
    wanted = dict(LINKED_ROLES)
    if not subject.config.studio.enabled:
        del wanted["AWSServiceRoleForAmazonSageMakerNotebooks"]
    for name, purpose in wanted.items():
        try:
            iam.get_role(RoleName=name)
        except iam.exceptions.NoSuchEntityException:
            yield warning(
                f"{name} does not exist yet: AWS makes it for {purpose} if the role that deploys may call "
                "iam:CreateServiceLinkedRole, as the CDK's own and one with `kennel bootstrap-policy` may"
            )
        else:
            yield ok(f"{name} exists")


def subscribers(subject: Subject) -> Iterator[Finding]:
    """Who hears of failures, alarms and the budget."""
    if subject.config.topic:
        yield from topic.existing(subject, subject.config.topic)
        return
    if not subject.config.notify:
        yield warning(
            "nobody hears of failures, alarms and the budget: set `notify: [you@example.com]` in kennel.yaml, "
            "and confirm the mail after the deploy"
        )
        return
    if subject.config.unreachable:
        yield error(notify.unconfirmable(subject.config.environment, subject.config.unreachable))
        return
    made = [
        item["TopicArn"]
        for page in subject.session.client("sns").get_paginator("list_topics").paginate()
        for item in page["Topics"]
        if item["TopicArn"].rpartition(":")[2].startswith(f"{subject.config.stack_prefix}-Storage")
    ]
    if not made:
        count = len(subject.config.notify)
        addresses = "1 address is" if count == 1 else f"{count} addresses are"
        yield ok(f"{addresses} subscribed by the deploy; each must confirm a mail")
        return
    for arn in made:
        yield from _confirmed(subject, arn)


def audit_trail(subject: Subject) -> Iterator[Finding]:
    """Whether the log group of `monitoring.audit_trail` exists, which CloudFormation needs for its metric filters."""
    name = subject.config.monitoring.audit_trail
    if name is None:
        return
    pages = subject.session.client("logs").get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name)
    if any(group["logGroupName"] == name for page in pages for group in page["logGroups"]):
        yield ok(f"the log group {name} exists; whether a trail writes to it, `aws cloudtrail describe-trails` says")
        return
    yield error(
        f"there is no log group {name} in {subject.config.region}: correct monitoring.audit_trail, or have a trail of "
        "this account and region write to it"
    )


def _confirmed(subject: Subject, arn: str) -> Iterator[Finding]:
    pages = subject.session.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=arn)
    states = {item["Endpoint"]: item["SubscriptionArn"] for page in pages for item in page["Subscriptions"]}
    for address in subject.config.notify:
        if not states.get(address, "").startswith("arn:"):
            yield warning(f"{address} has not confirmed its subscription: look for the mail of AWS Notifications")
    if all(states.get(address, "").startswith("arn:") for address in subject.config.notify):
        yield ok(f"{len(subject.config.notify)} subscribers have confirmed")
