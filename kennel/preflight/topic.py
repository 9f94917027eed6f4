"""An existing topic: whether its policy and its key let alarms, the budget and our roles publish."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from botocore.exceptions import ClientError

from checks.assembly import as_list
from checks.policies import Statement, statements
from imgcls.contract.failures import service_errors
from kennel.preflight.finding import Finding, error, ok, unknown, warning
from kennel.preflight.subject import Subject

SERVICES = {"cloudwatch.amazonaws.com": "alarms", "budgets.amazonaws.com": "the monthly budget"}
_KEY_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey")


def existing(subject: Subject, arn: str) -> Iterator[Finding]:
    """What is missing; what is there if nothing is."""
    account, sns = arn.split(":")[4], subject.session.client("sns")
    if account != subject.config.account:
        yield error(f"{arn} is a topic of another account, where a budget cannot publish: name one of this account")
        return
    try:
        attributes = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    except ClientError as failure:
        if failure.response["Error"]["Code"] not in ("NotFound", "NotFoundException"):
            raise
        yield error(f"{arn} does not exist: correct notify")
        return
    found = [*_policy(attributes, arn, account), *_key(subject, attributes.get("KmsMasterKeyId"), account)]
    if attributes.get("SubscriptionsConfirmed", "0") == "0":
        found.append(warning(f"nobody has subscribed to {arn}: nobody hears of failures, alarms and the budget"))
    yield from found or [ok(f"{arn} takes messages of alarms, the budget and runs")]


def _policy(attributes: dict[str, str], arn: str, account: str) -> Iterator[Finding]:
    items = [item for item in statements(json.loads(attributes["Policy"])) if _covers(item, ("sns:Publish",))]
    for item in items:
        if not item.allows and "aws:securetransport" not in item.conditions:
            yield unknown(
                f"the policy of {arn} denies sns:Publish to some: ask its owner whether to alarms, budget or runs"
            )
    for service, what in SERVICES.items():
        allowed = [item for item in items if item.allows and _of_account(item, account)]
        if any(service in item.services for item in allowed):
            continue
        said = f"the policy of {arn} does not name {service}"
        add = f"have its owner allow it sns:Publish, where aws:SourceAccount is {account}"
        if what == "alarms" and any(item.anyone for item in allowed):
            # The default policy, whose aws:SourceOwner CloudWatch is said to send: no page of AWS's says so.
            yield warning(f"{said}, and its statement for everyone may not be enough for {what}: {add}")
        else:
            yield error(f"{said}, so that {what} cannot publish: {add}")


def _key(subject: Subject, key: str | None, account: str) -> Iterator[Finding]:
    if not key:
        return
    kms: Any = subject.session.client("kms")
    try:
        described = kms.describe_key(KeyId=key)["KeyMetadata"]
        if described["KeyManager"] == "AWS":
            yield error(
                f"the topic is encrypted with {key}, AWS's own key, which neither alarms nor budgets may use: "
                "have its owner choose a customer managed key"
            )
            return
        policy = json.loads(kms.get_key_policy(KeyId=described["Arn"], PolicyName="default")["Policy"])
    except ClientError as failure:
        if not service_errors.is_denied(failure.response):
            raise
        yield unknown(f"the policy of the topic's key {key} may not be read: ask its owner whether it names {_names()}")
        return
    items = [item for item in statements(policy) if item.allows and _covers(item, _KEY_ACTIONS)]
    for service, what in SERVICES.items():
        if not any(service in item.services and _of_account(item, account) for item in items):
            yield error(
                f"the policy of the topic's key {key} does not let {service} use it, so that {what} cannot publish: "
                f"have its owner allow it {' and '.join(_KEY_ACTIONS)}*"
            )
    if not any(_delegates(item, account) for item in as_list(policy["Statement"])):
        yield error(
            f"the policy of the topic's key {key} does not let roles of account {account} use it, so that no run can "
            f"publish: have its owner allow arn:aws:iam::{account}:root {' and '.join(_KEY_ACTIONS)}*"
        )


def _names() -> str:
    return " and ".join(SERVICES)


def _covers(item: Statement, actions: tuple[str, ...]) -> bool:
    lower = [pattern.lower() for pattern in item.actions]
    return all(any(fnmatchcase(action.lower(), pattern) for pattern in lower) for action in actions)


def _of_account(item: Statement, account: str) -> bool:
    """Whether what the statement says of the source is true of this account."""
    said = {name: values for name, (_, values) in item.conditions.items()}
    owners = [*said.get("aws:sourceaccount", ()), *said.get("aws:sourceowner", ())]
    arns = [str(value) for value in said.get("aws:sourcearn", ())]
    return all(str(value) in (account, "*") for value in owners) and all(
        fnmatchcase(account, (value.split(":") + [""] * 5)[4] or "*") for value in arns
    )


def _delegates(item: dict[str, Any], account: str) -> bool:
    """Whether a raw statement of a key policy leaves it to IAM what the account's roles may do."""
    (read,) = statements({"Statement": [item]})
    principal = item.get("Principal", {})
    named = [str(value) for value in as_list(principal.get("AWS") if isinstance(principal, dict) else principal)]
    ours = any(value in (account, "*") or value.endswith(f":{account}:root") for value in named)
    return read.allows and ours and _covers(read, _KEY_ACTIONS)
