"""PlanRun against S3 and Service Quotas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import config
from imgcls.contract import keys
from imgcls.contract.alias import Alias
from imgcls.contract.plan_file import PlanFile
from imgcls.contract.run_plan import PLAN_FILE
from lambdas.common.errors import Refused
from lambdas.plan_run import lookups
from lambdas.plan_run.environment import Environment
from lambdas.plan_run.handler import handler
from pipeline.specs import run_specs
from tests.lambdas.conftest import Account, Call

BREEDS, MOBILE = "dog-breed-classifier", "dog-breed-classifier-mobile"


@pytest.fixture
def environment(aws: Account, tmp_path: Path) -> Environment:
    specs = tmp_path / "specs.json"
    specs.write_text(json.dumps(run_specs(config.load("dev"))))
    return Environment(aws.data, aws.artifacts, "us-east-1", "abc.gz", check_quotas=False, specs_file=str(specs))


@pytest.fixture
def ready(aws: Account) -> None:
    """An uploaded data set and staged weights."""
    aws.s3.put_object(Bucket=aws.data, Key="datasets/dog-breeds/train/001.A/1.jpg", Body=b"x")
    for architecture in ("resnet18", "mobilenet_v3_small"):
        aws.s3.put_object(Bucket=aws.artifacts, Key=keys.weights(architecture), Body=b"x")


def test_the_plan_is_returned_and_written(aws: Account, ready: None, environment: Environment, function: Call) -> None:
    answer = function(handler, environment, {"input": {}, "execution": "run-1"})
    assert [model["name"] for model in answer["models"]] == [BREEDS, MOBILE]
    assert answer["worst_case_usd"] > 0
    assert "quotas were not checked" in answer["notes"][-1]
    bucket, prefix = keys.parse_uri(answer["plan_uri"])
    file = PlanFile.from_dict(json.loads(aws.s3.get_object(Bucket=bucket, Key=prefix + PLAN_FILE)["Body"].read()))
    assert set(file.models) == {BREEDS, MOBILE}
    stored = json.loads(aws.s3.get_object(Bucket=bucket, Key=answer["models"][0]["plan_key"])["Body"].read())
    assert stored["name"] == BREEDS and stored["tune"] is True


def test_the_placeholder_of_the_champion_is_written(
    aws: Account, ready: None, environment: Environment, function: Call
) -> None:
    function(handler, environment, {"input": {}, "execution": "run-1"})
    listed = aws.s3.list_objects_v2(Bucket=aws.artifacts, Prefix=keys.NO_CHAMPION)
    assert listed["KeyCount"] == 1 and listed["Contents"][0]["Size"] > 0


def test_a_data_set_that_was_not_uploaded_is_refused_with_the_command(
    aws: Account, environment: Environment, function: Call
) -> None:
    aws.s3.put_object(Bucket=aws.data, Key="datasets/dog-breeds/", Body=b"")
    with pytest.raises(Refused, match="kennel data upload DIR --dataset dog-breeds"):
        function(handler, environment, {"input": {}, "execution": "run-1"})


def test_weights_that_are_not_staged_are_refused_with_the_command(
    aws: Account, ready: None, environment: Environment, function: Call
) -> None:
    aws.s3.delete_object(Bucket=aws.artifacts, Key=keys.weights("resnet18"))
    with pytest.raises(Refused, match="kennel weights stage resnet18"):
        function(handler, environment, {"input": {}, "execution": "run-1"})


def test_a_refused_run_leaves_nothing(aws: Account, environment: Environment, function: Call) -> None:
    with pytest.raises(Refused):
        function(handler, environment, {"input": {"models": ["no"]}, "execution": "run-1"})
    assert aws.s3.list_objects_v2(Bucket=aws.artifacts)["KeyCount"] == 0


def published_by(aws: Account, who: str, saved: dict[str, Any] | None = None) -> dict[str, Alias]:
    alias = Alias(BREEDS, f"{BREEDS}/20261101T000000Z-00000000/model.tar.gz", (), who, "now", "why")
    if saved is not None:
        aws.s3.put_object(Bucket=aws.artifacts, Key=keys.hyperparameters("run-0", BREEDS), Body=json.dumps(saved))
    return {BREEDS: alias}


PIPELINE = "arn:aws:states:us-east-1:123456789012:execution:kennel:run-0"


@pytest.mark.parametrize(
    ("who", "saved", "found"),
    [
        (
            PIPELINE,
            {"tuning_job": "search-0", "values": {"lr": "0.1"}},
            {BREEDS: lookups.Search("search-0", frozenset({"lr"}))},
        ),
        (PIPELINE, {"tuning_job": "", "values": {}}, {}),
        (PIPELINE, None, {}),
        ("arn:aws:iam::123456789012:user/somebody", {"tuning_job": "search-0", "values": {}}, {}),
    ],
    ids=["searched", "not searched", "expired", "rolled back by a person"],
)
def test_the_search_behind_the_published_version_is_looked_up(
    aws: Account, who: str, saved: dict[str, Any] | None, found: dict[str, Any]
) -> None:
    assert lookups.searches(aws.artifacts, published_by(aws, who, saved)) == found
