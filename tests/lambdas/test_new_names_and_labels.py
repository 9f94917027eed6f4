"""A model belongs to its data: a name keeps its labels, and an old recipe makes a new model under a new name."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import config
from imgcls.contract import keys
from imgcls.contract.alias import Alias
from imgcls.contract.plan_file import PlanFile
from imgcls.contract.run_plan import PLAN_FILE
from lambdas.common.errors import Refused
from lambdas.plan_run.environment import Environment
from lambdas.plan_run.handler import handler
from lambdas.plan_run.naming import with_new_models
from lambdas.plan_run.request import parse
from pipeline.specs import run_specs
from tests.lambdas.conftest import Account, Call

BREEDS, MOBILE = "dog-breed-classifier", "dog-breed-classifier-mobile"
SPECS = run_specs(config.load("dev"))


def request(**value: Any) -> Any:
    return parse(value, "run-1", SPECS)


def test_a_recipe_makes_a_model_under_a_new_name() -> None:
    wanted = request(
        models=[BREEDS], dataset="flowers", hyperparameters={BREEDS: {"lr": 0.1}}, **{"as": {BREEDS: "flowers"}}
    )
    assert (wanted.models, wanted.recipes) == (("flowers",), {"flowers": BREEDS})
    assert wanted.hyperparameters == {"flowers": {"lr": "0.1"}}
    made, recipe = with_new_models(SPECS, wanted)["models"]["flowers"], SPECS["models"][BREEDS]
    assert made["package_group"] == "kennel-dev-flowers"
    assert made["hyperparameters"] == {**recipe["hyperparameters"], "model-name": "flowers"}
    assert made["architecture"] == recipe["architecture"]


def test_without_a_new_name_a_model_is_its_own_recipe() -> None:
    wanted = request(models=[BREEDS])
    assert (wanted.models, wanted.recipes) == ((BREEDS,), {BREEDS: BREEDS})
    assert with_new_models(SPECS, wanted) == SPECS


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"as": "flowers"}, "as is a string; it must map a model to the new name that it is trained under"),
        ({"as": {"roses": "flowers"}}, "as has 'roses', which is not in this run; it has"),
        ({"as": {BREEDS: "Flowers"}}, f"as.{BREEDS} is 'Flowers'; it must be a name of lower case letters"),
        ({"as": {BREEDS: 3}}, f"as.{BREEDS} is 3; it must be a name of lower case letters"),
        (
            {"as": {BREEDS: MOBILE}},
            f"as.{BREEDS} is {MOBILE}, a configured model: choose a new name, or start {MOBILE} itself",
        ),
        (
            {"models": [BREEDS, MOBILE], "as": {BREEDS: "x", MOBILE: "x"}},
            "as has x twice: give each model a name of its own",
        ),
        ({"replace_labels": "yes"}, "replace_labels is 'yes'; it must be true or false"),
    ],
)
def test_an_invalid_new_name_is_refused(value: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused, match=re.escape(words)):
        request(**{"models": [BREEDS], **value})


def test_a_name_that_is_too_long_for_the_registry_is_refused() -> None:
    with pytest.raises(Refused, match="it may have 63 characters, so choose a shorter name"):
        with_new_models(SPECS, request(models=[BREEDS], **{"as": {BREEDS: "x" * 60}}))


@pytest.fixture
def environment(aws: Account, tmp_path: Path) -> Environment:
    specs = tmp_path / "specs.json"
    specs.write_text(json.dumps(SPECS))
    aws.s3.put_object(Bucket=aws.artifacts, Key=keys.weights("resnet18"), Body=b"x")
    return Environment(aws.data, aws.artifacts, "us-east-1", "abc.gz", check_quotas=False, specs_file=str(specs))


@pytest.fixture
def published(aws: Account, environment: Environment) -> Environment:
    """Two breeds, published."""
    target = keys.target_model(BREEDS, "v1")
    alias = Alias(BREEDS, target, (), "me", "2026-11-30T00:00:00+00:00", "why")
    aws.s3.put_object(Bucket=aws.artifacts, Key=keys.alias(BREEDS), Body=json.dumps(alias.to_dict()).encode())
    aws.s3.put_object(Bucket=aws.artifacts, Key=keys.labels(target), Body=b'["Akita", "Borzoi"]')
    return environment


def upload(aws: Account, dataset: str, *names: str) -> None:
    for name in names:
        aws.s3.put_object(Bucket=aws.data, Key=f"datasets/{dataset}/{name}/1.jpg", Body=b"x")


def start(function: Call, environment: Environment, **value: Any) -> Any:
    return function(handler, environment, {"input": {"models": [BREEDS], **value}, "execution": "run-1"})


def test_other_labels_under_a_published_name_are_refused_before_anything_is_paid_for(
    aws: Account, published: Environment, function: Call
) -> None:
    upload(aws, "flowers", "Akita", "rose", "tulip", "iris", "lily")
    with pytest.raises(Refused) as raised:
        start(function, published, dataset="flowers")
    assert str(raised.value) == (
        f"{BREEDS} is published with other labels than flowers has: train under another name with --as NAME, or "
        f"replace it with --replace-labels (flowers lacks Borzoi, and {BREEDS} lacks iris, lily, rose and 1 more)"
    )


@pytest.mark.parametrize("value", [{"replace_labels": True}, {"as": {BREEDS: "flowers"}}])
def test_other_labels_are_accepted_on_request_and_under_another_name(
    aws: Account, published: Environment, function: Call, value: dict[str, Any]
) -> None:
    upload(aws, "flowers", "rose", "tulip")
    answer = start(function, published, dataset="flowers", **value)
    bucket, prefix = keys.parse_uri(answer["plan_uri"])
    file = PlanFile.from_dict(json.loads(aws.s3.get_object(Bucket=bucket, Key=prefix + PLAN_FILE)["Body"].read()))
    [model] = file.models.values()
    assert model.replace_labels is value.get("replace_labels", False)
    assert model.name == answer["models"][0]["name"] == value.get("as", {}).get(BREEDS, BREEDS)


def test_the_same_labels_in_another_data_set_are_accepted(aws: Account, published: Environment, function: Call) -> None:
    """Folders may be numbered and the layout may differ: only labels count."""
    upload(aws, "more-dogs", "train/001.Akita", "train/002.Borzoi", "valid/001.Akita", "test/001.Akita", ".cache/x")
    assert start(function, published, dataset="more-dogs")["models"][0]["name"] == BREEDS


def test_a_version_that_was_staged_without_its_labels_is_left_to_the_gate(
    aws: Account, published: Environment, function: Call
) -> None:
    aws.s3.delete_object(Bucket=aws.artifacts, Key=keys.labels(keys.target_model(BREEDS, "v1")))
    upload(aws, "flowers", "rose", "tulip")
    assert start(function, published, dataset="flowers")["models"]
