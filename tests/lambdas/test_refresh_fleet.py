"""Replacing the endpoint's instances: the policy stays, the configuration's name is compared, and it ends."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from config.serving import RolloutConfig
from imgcls.contract.run_plan import MAX_FLEET_LOOKS
from lambdas.common import endpoints
from lambdas.common.errors import NotReady
from lambdas.publish_model import fleet
from lambdas.publish_model.environment import Environment
from lambdas.publish_model.fleet import Rollout, RolloutFailed, Step, copy_name, decide, step
from lambdas.publish_model.handler import handler
from pipeline.fleet_refresh import POLL_SECONDS
from tests.lambdas.conftest import Account, Call

COPY = "kennel-refresh-20261120132415"
LATER = "kennel-refresh-20261120140000"
POLICY = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]}}


@pytest.mark.parametrize(
    ("status", "config", "wanted", "decision"),
    [
        ("InService", "stack", "", "start"),
        ("Updating", "stack", "", "wait"),
        ("Creating", "stack", "", "wait"),
        ("Updating", "stack", COPY, "wait"),
        ("RollingBack", COPY, COPY, "wait"),
        ("InService", COPY, COPY, "done"),
        ("InService", LATER, COPY, "done"),
    ],
)
def test_each_poll_has_its_answer(status: str, config: str, wanted: str, decision: str) -> None:
    assert decide(status, config, Rollout(config=wanted)) == decision


def test_an_update_that_was_rolled_back_is_a_failure() -> None:
    with pytest.raises(RolloutFailed, match=f"InService on stack, not on {COPY}"):
        decide("InService", "stack", Rollout(config=COPY))


def test_a_failed_endpoint_is_a_failure() -> None:
    with pytest.raises(RolloutFailed, match="is Failed"):
        decide("Failed", COPY, Rollout(config=COPY))


def test_a_rollout_may_take_as_long_as_it_is_allowed_to_and_leaves_few_events() -> None:
    [limit] = [item.le for item in RolloutConfig.model_fields["max_execution_seconds"].metadata if hasattr(item, "le")]
    assert MAX_FLEET_LOOKS * POLL_SECONDS["aws"] > limit
    assert MAX_FLEET_LOOKS * 11 < 25_000 / 4


def test_polling_ends() -> None:
    with pytest.raises(NotReady, match=f"after {MAX_FLEET_LOOKS} looks"):
        decide("Updating", COPY, Rollout(COPY, "stack", MAX_FLEET_LOOKS))


@pytest.mark.parametrize("endpoint", ["kennel", "k" * 63, "a-" * 31 + "a"])
def test_the_copys_name_fits(endpoint: str) -> None:
    name = copy_name(endpoint, "20261120132415")
    assert len(name) <= 63 and "--" not in name


class SageMaker:
    """One endpoint and its configurations; an update takes two polls."""

    def __init__(self, policy: dict[str, Any] = POLICY, exists: bool = True) -> None:
        self.endpoint: dict[str, Any] = {
            "EndpointConfigName": "stack", "EndpointStatus": "InService", "LastDeploymentConfig": policy,
        }  # fmt: skip
        self.exists, self.busy = exists, False
        stack: dict[str, Any] = {"ProductionVariants": [{"VariantName": "all"}], "KmsKeyId": "key"}
        self.configs = {"stack": stack}
        self.updates: list[dict[str, Any]] = []
        self._polls = 0

    def describe_endpoint(self, EndpointName: str) -> dict[str, Any]:
        if not self.exists:
            raise ClientError({"Error": {"Code": "ValidationException", "Message": "Could not find endpoint"}}, "x")
        self._polls -= 1
        if self._polls == 0:
            self.endpoint |= {
                "EndpointStatus": "InService",
                "EndpointConfigName": self.updates[-1]["EndpointConfigName"],
            }
        return {name: value for name, value in self.endpoint.items() if value is not None}

    def describe_endpoint_config(self, EndpointConfigName: str) -> dict[str, Any]:
        derived = {"EndpointConfigName": EndpointConfigName, "EndpointConfigArn": "arn", "CreationTime": 0}
        return {**self.configs[EndpointConfigName], **derived, "ResponseMetadata": {}}

    def create_endpoint_config(self, EndpointConfigName: str, **content: Any) -> None:
        self.configs[EndpointConfigName] = content

    def delete_endpoint_config(self, EndpointConfigName: str) -> None:
        del self.configs[EndpointConfigName]

    def update_endpoint(self, **request: Any) -> None:
        if self.busy:
            self.endpoint["EndpointStatus"] = "Updating"
            raise ClientError({"Error": {"Code": "ValidationException", "Message": "Cannot update in-progress"}}, "x")
        self.updates.append(request)
        self.endpoint["EndpointStatus"] = "Updating"
        self._polls = 3


@pytest.fixture
def sagemaker(monkeypatch: pytest.MonkeyPatch) -> SageMaker:
    service = SageMaker()
    for module in (endpoints, fleet):
        monkeypatch.setattr(module, "client", lambda name: service)
    return service


def until_done(rollout: Rollout | None = None, now: str = "20261120132415") -> Step:
    for _ in range(20):
        done = step("kennel", rollout or Rollout(), now)
        rollout = Rollout(**done.rollout)
        if not done.refresh:
            return done
    raise AssertionError("it never ended")


def test_a_refresh_runs_on_a_copy_under_the_same_policy(sagemaker: SageMaker) -> None:
    done = until_done()
    assert done.note == f"all instances run on {COPY}"
    [update] = sagemaker.updates
    assert update["DeploymentConfig"] == POLICY and update["RetainAllVariantProperties"] is True
    assert sagemaker.configs[COPY] == sagemaker.configs["stack"]


def test_the_next_refresh_deletes_the_earlier_copy_but_not_the_stacks_configuration(sagemaker: SageMaker) -> None:
    until_done()
    until_done(now="20261120140000")
    assert set(sagemaker.configs) == {"stack", LATER}


def test_an_endpoint_without_a_policy_is_updated_without_one(sagemaker: SageMaker) -> None:
    sagemaker.endpoint["LastDeploymentConfig"] = None
    until_done()
    assert "DeploymentConfig" not in sagemaker.updates[0]


def test_an_update_by_another_caller_is_waited_for(sagemaker: SageMaker) -> None:
    sagemaker.busy = True
    answer = step("kennel", Rollout(), "20261120132415")
    assert answer.refresh and answer.rollout["config"] == ""
    assert set(sagemaker.configs) == {"stack"}, "the copy that was not used is gone"


def test_an_endpoint_that_is_switched_off_is_not_refreshed(sagemaker: SageMaker) -> None:
    sagemaker.exists = False
    assert "switched off" in until_done().note


def test_the_handlers_answer_is_the_next_calls_input(aws: Account, sagemaker: SageMaker, function: Call) -> None:
    environment = Environment(aws.artifacts, "kennel", stable_key=True, refresh_stable_key=True)
    event: dict[str, Any] = {"action": "refresh", "rollout": {}}
    answers: list[dict[str, Any]] = []
    while not answers or answers[-1]["refresh"]:
        answers.append(function(handler, environment, event))
        event = {"action": "refresh", "rollout": answers[-1]["rollout"]}
    assert [answer["rollout"]["polls"] for answer in answers] == list(range(1, len(answers) + 1))
