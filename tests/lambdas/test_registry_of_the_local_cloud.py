"""RegisterModel and PublishModel against the local cloud's registry: what becomes of a replaced version."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from lambdas.common.clients import client
from lambdas.publish_model import handler as publish
from lambdas.publish_model.environment import Environment as PublishEnvironment
from lambdas.register_model import handler as register
from lambdas.register_model.environment import Environment as RegisterEnvironment
from localcloud import LocalCloud

GROUP, BUCKET = "kennel-dev-pets", "artifacts-bucket"


@pytest.fixture(autouse=True)
def cloud() -> Iterator[None]:
    client.cache_clear()
    with LocalCloud():
        client("s3").create_bucket(Bucket=BUCKET)
        client("sagemaker").create_model_package_group(ModelPackageGroupName=GROUP)
        yield
    client.cache_clear()


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Calls one of the two functions with its environment set."""
    publishing = PublishEnvironment(BUCKET, "kennel", stable_key=False, refresh_stable_key=False)
    registering = RegisterEnvironment(serving_image="image", project="kennel", environment="dev")

    def call(function: Any, event: dict[str, Any]) -> Any:
        environment = publishing if function is publish else registering
        for name, value in environment.to_environment().items():
            monkeypatch.setenv(name, value)
        return function.handler(event, SimpleNamespace(aws_request_id="r-1"))

    return call


def stage(ask: Any, version: str) -> str:
    """Register and stage a version as the state machine does; returns its package's ARN."""
    package = client("sagemaker").create_model_package(ModelPackageGroupName=GROUP)["ModelPackageArn"]
    staged = {
        "name": "pets", "target_model": f"pets/{version}/model.tar.gz", "compared_with": "", "package_arn": package,
        "execution": "r", "run_uri": "s3://b/r/", "reason": "better", "accuracy": 0.9,
    }  # fmt: skip
    replaced = ask(publish, {"action": "stage", "staged": staged})["replaced"]
    if replaced:
        reason = f"not tested: pets/{version}/model.tar.gz was staged in its place"
        ask(register, {"package_arn": replaced, "approved": False, "if_pending": True, "reason": reason})
    return str(package)


def decided(package: str) -> tuple[str, str]:
    found = client("sagemaker").describe_model_package(ModelPackageName=package)
    return found["ModelApprovalStatus"], found.get("ApprovalDescription", "")


def test_a_version_that_a_newer_one_replaces_does_not_stay_pending(ask: Any) -> None:
    first, second = stage(ask, "v1"), stage(ask, "v2")
    assert decided(first) == ("Rejected", "not tested: pets/v2/model.tar.gz was staged in its place")
    assert decided(second)[0] == "PendingManualApproval"


def test_what_a_person_said_of_it_stays(ask: Any) -> None:
    first = stage(ask, "v1")
    client("sagemaker").update_model_package(
        ModelPackageArn=first, ModelApprovalStatus="Rejected", ApprovalDescription="blurred"
    )
    stage(ask, "v2")
    assert decided(first) == ("Rejected", "blurred")
