"""An existing topic, with one thing missing at a time from its policy or that of its key."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kennel.preflight import account
from kennel.preflight.finding import Finding, Level
from tests.kennel.preflight.aws import ACCOUNT, StubbedSession, subject

ARN = f"arn:aws:sns:us-east-1:{ACCOUNT}:alarms"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/00000000-0000-4000-8000-000000000000"
SERVICES = ("cloudwatch.amazonaws.com", "budgets.amazonaws.com")
USE = ["kms:Decrypt", "kms:GenerateDataKey*"]


def publish(service: str, **more: Any) -> dict[str, Any]:
    condition = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    found = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "SNS:Publish", "Resource": ARN}
    return {**found, "Condition": condition, **more}


DEFAULT = {
    "Effect": "Allow",
    "Principal": {"AWS": "*"},
    "Action": ["SNS:GetTopicAttributes", "SNS:Publish"],
    "Resource": ARN,
    "Condition": {"StringEquals": {"AWS:SourceOwner": ACCOUNT}},
}
TLS = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "sns:Publish",
    "Resource": ARN,
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
FULL = [TLS, *(publish(service) for service in SERVICES)]


def use(service: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"Service": service}, "Action": USE, "Resource": "*", **more}


ROOT = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}


def attributes(session: StubbedSession, statements: list[dict[str, Any]], **more: str) -> None:
    found = {"Policy": json.dumps({"Statement": statements}), "SubscriptionsConfirmed": "1", **more}
    session.stub("sns").add_response("get_topic_attributes", {"Attributes": found}, {"TopicArn": ARN})


def key(session: StubbedSession, statements: list[dict[str, Any]] | None, manager: str = "CUSTOMER") -> None:
    found = {"KeyId": "k", "Arn": KEY, "KeyManager": manager}
    session.stub("kms").add_response("describe_key", {"KeyMetadata": found}, {"KeyId": "alias/platform"})
    if statements is not None:
        policy = {"Policy": json.dumps({"Statement": statements})}
        session.stub("kms").add_response("get_key_policy", policy, {"KeyId": KEY, "PolicyName": "default"})


def of_policy(statements: list[dict[str, Any]], **more: str) -> list[Finding]:
    made, session = subject("dev", notify=(ARN,))
    attributes(session, statements, **more)
    return list(account.subscribers(made))


def of_key(statements: list[dict[str, Any]] | None, manager: str = "CUSTOMER") -> list[Finding]:
    made, session = subject("dev", notify=(ARN,))
    attributes(session, FULL, KmsMasterKeyId="alias/platform")
    key(session, statements, manager)
    return list(account.subscribers(made))


def only(found: list[Finding], level: Level = Level.ERROR) -> str:
    (finding,) = found
    assert finding.level is level, finding
    return finding.sentence


def test_a_topic_with_everything() -> None:
    assert "takes messages of alarms, the budget and runs" in only(of_policy(FULL), Level.OK)
    assert only(of_key([ROOT, *(use(service) for service in SERVICES)]), Level.OK)


@pytest.mark.parametrize("missing", SERVICES)
def test_a_service_that_may_not_publish(missing: str) -> None:
    others = [TLS, *(publish(service) for service in SERVICES if service != missing)]
    elsewhere = publish(missing, Condition={"StringEquals": {"aws:SourceAccount": "999999999999"}})
    for statements in (others, [*others, elsewhere], [*others, publish(missing, Action="sns:Subscribe")]):
        words = f"have its owner allow it sns:Publish, where aws:SourceAccount is {ACCOUNT}"
        assert only(of_policy(statements)).endswith(words)


def test_the_source_of_a_service_may_be_an_arn_of_this_account() -> None:
    alarms = publish(SERVICES[0], Condition={"ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:*:{ACCOUNT}:alarm:*"}})
    budget = publish(SERVICES[1], Condition={"ArnLike": {"aws:SourceArn": "arn:aws:budgets::999999999999:*"}})
    assert only(of_policy([alarms, publish(SERVICES[1])]), Level.OK)
    assert "budgets.amazonaws.com" in only(of_policy([alarms, budget]))


def test_the_policy_that_a_topic_has_at_first_is_not_enough() -> None:
    alarms, budget = of_policy([DEFAULT])
    assert alarms.level is Level.WARNING and "cloudwatch.amazonaws.com" in alarms.sentence
    assert budget.level is Level.ERROR and "the monthly budget cannot publish" in budget.sentence


def test_a_denial_is_not_passed_over() -> None:
    denial = {"Effect": "Deny", "Principal": "*", "Action": "sns:*", "Resource": ARN}
    assert "denies sns:Publish to some" in only(of_policy([*FULL, denial]), Level.UNKNOWN)


def test_nobody_has_subscribed() -> None:
    assert "nobody has subscribed" in only(of_policy(FULL, SubscriptionsConfirmed="0"), Level.WARNING)


@pytest.mark.parametrize("missing", SERVICES)
def test_a_service_that_may_not_use_the_key(missing: str) -> None:
    others = [ROOT, *(use(service) for service in SERVICES if service != missing)]
    for statements in (others, [*others, use(missing, Action="kms:Decrypt")]):
        assert f"does not let {missing} use it" in only(of_key(statements))


def test_roles_that_may_not_use_the_key() -> None:
    services = [use(service) for service in SERVICES]
    other = {**ROOT, "Principal": {"AWS": "arn:aws:iam::999999999999:root"}}
    for statements in (services, [*services, other]):
        assert f"have its owner allow arn:aws:iam::{ACCOUNT}:root" in only(of_key(statements))


def test_awss_own_key_is_for_neither() -> None:
    assert "have its owner choose a customer managed key" in only(of_key(None, manager="AWS"))


def test_a_key_that_may_not_be_read() -> None:
    made, session = subject("dev", notify=(ARN,))
    attributes(session, FULL, KmsMasterKeyId="alias/platform")
    session.stub("kms").add_client_error("describe_key", "AccessDeniedException")
    assert "ask its owner" in only(list(account.subscribers(made)), Level.UNKNOWN)


def test_a_topic_that_is_not_there_or_elsewhere() -> None:
    made, session = subject("dev", notify=(ARN,))
    session.stub("sns").add_client_error("get_topic_attributes", "NotFound")
    assert only(list(account.subscribers(made))) == f"{ARN} does not exist: correct notify"
    other = ARN.replace(ACCOUNT, "999999999999")
    made, _ = subject("dev", notify=(other,))
    assert "a topic of another account" in only(list(account.subscribers(made)))
