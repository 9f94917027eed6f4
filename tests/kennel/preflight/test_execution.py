"""The check of CloudFormation's execution role, against answers of IAM's simulator."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from kennel.preflight import checks, execution, run
from kennel.preflight.finding import Level
from localcloud.pytest_plugin import local_cloud, local_cloud_images
from tests.kennel.preflight.aws import ACCOUNT, StubbedSession, subject

__all__ = ["local_cloud", "local_cloud_images"]

ROLE = f"arn:aws:iam::{ACCOUNT}:role/cdk-hnb659fds-cfn-exec-role-{ACCOUNT}-us-east-1"


class Simulator:
    """IAM as the stubbed client calls it: `denied` actions are denied, and what was asked is kept."""

    def __init__(self, session: StubbedSession, denied: tuple[str, ...] = ()) -> None:
        self.asked: list[dict[str, Any]] = []
        session.stub("iam").deactivate()
        client = session.client("iam")
        client.meta.events.register("before-call.iam.SimulatePrincipalPolicy", self._answer)
        self._denied = denied

    def _answer(self, params: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]]:
        body: dict[str, str] = params["body"]
        self.asked.append(body)
        actions = [value for name, value in body.items() if name.startswith("ActionNames.")]
        results = [
            {"EvalActionName": name, "EvalDecision": "implicitDeny" if name in self._denied else "allowed"}
            for name in actions
        ]
        return SimpleNamespace(status_code=200), {"EvaluationResults": results, "IsTruncated": False}

    def contexts(self, action: str) -> Iterator[tuple[str, str]]:
        """(value, type) of the condition that an action was asked with."""
        for body in self.asked:
            if action in body.values():
                values = body.get("ContextEntries.member.1.ContextKeyValues.member.1", "")
                yield values, body.get("ContextEntries.member.1.ContextKeyType", "")


def found(denied: tuple[str, ...] = ()) -> tuple[Simulator, list[Any]]:
    made, session = subject()
    simulator = Simulator(session, denied)
    return simulator, list(execution.allowed(made))


def test_a_role_that_may_do_everything_is_fine() -> None:
    simulator, (finding,) = found()
    assert finding.level is Level.OK and "may do all that the templates need" in finding.sentence
    assert {body["PolicySourceArn"] for body in simulator.asked} == {ROLE}
    assert len(simulator.asked) < 100, "IAM answers a few a second"
    named = [body["ResourceArns.member.1"] for body in simulator.asked]
    assert f"arn:aws:iam::{ACCOUNT}:role/Kennel-Dev-x" in named and "*" in named
    assert not [name for name in named if "${" in name or ("*" in name and name != "*")]
    assert ("lambda.amazonaws.com", "string") in set(simulator.contexts("iam:PassRole"))
    assert set(simulator.contexts("kms:CreateGrant")) == {("true", "boolean")}


def test_what_is_denied_is_one_finding_per_service() -> None:
    _, findings = found(("iam:CreateRole", "iam:PutRolePolicy", "kms:CreateKey"))
    assert [finding.level for finding in findings] == [Level.ERROR, Level.ERROR]
    iam, kms = (finding.sentence for finding in findings)
    assert f"may not iam:CreateRole, iam:PutRolePolicy (for example on arn:aws:iam::{ACCOUNT}:role/Kennel-Dev-x)" in iam
    assert "kms:CreateKey" in kms and "`kennel bootstrap-policy --env dev`" in kms


@pytest.mark.parametrize(
    ("code", "words"), [("NoSuchEntity", "comes with the bootstrap"), ("AccessDenied", "may not call Simulate")]
)
def test_it_is_not_checkable_without_a_role_or_without_asking(code: str, words: str) -> None:
    made, session = subject()
    session.stub("iam").add_client_error("simulate_principal_policy", code)
    (check,) = (item for item in checks.ACCOUNT if item.id == "execution-role")
    (finding,) = run._findings(partial(check.find, made))
    assert finding.level is Level.UNKNOWN and words in finding.sentence


def test_the_local_cloud_does_not_say_that_it_knows(local_cloud: Any) -> None:
    with pytest.raises(ClientError, match="localcloud does not emulate iam:SimulatePrincipalPolicy"):
        local_cloud.cloud.client("iam").simulate_principal_policy(PolicySourceArn=ROLE, ActionNames=["iam:GetRole"])
