"""An artifact in place of a training: what it must be, and what is not paid for."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import config
from imgcls.contract import keys
from imgcls.contract.artifact import Preprocessing
from imgcls.contract.dataset import DatasetSettings
from imgcls.contract.plan_file import ModelSettings, PlanFile
from imgcls.contract.run_plan import PLAN_FILE, Trained
from lambdas.common.errors import Refused
from lambdas.plan_run import lookups, quotas
from lambdas.plan_run.earlier_training import require_evaluable
from lambdas.plan_run.environment import Environment
from lambdas.plan_run.fitting import fit
from lambdas.plan_run.handler import handler
from lambdas.plan_run.plan import Published, draft
from lambdas.plan_run.price import worst_case_usd
from lambdas.plan_run.request import parse
from pipeline.specs import run_specs
from tests.lambdas.conftest import ARTIFACTS, Account, Call

SPECS = run_specs(config.load("dev"))
NAME, MOBILE = "dog-breed-classifier", "dog-breed-classifier-mobile"
KEY = keys.output("run-0", NAME) + "imported/output/model.tar.gz"
URI = keys.uri(ARTIFACTS, KEY)
TRAINED = Trained("imported", URI, URI)


def made(trained: bool) -> Any:
    value = {"models": [NAME], **({"trained": {NAME: URI}} if trained else {})}
    published = Published(trained={NAME: TRAINED} if trained else {})
    environment = Environment("data", ARTIFACTS, "us-east-1", "abc.gz", check_quotas=False)
    return draft(parse(value, "run-1", SPECS), SPECS, published, environment).plan


def test_a_trained_model_is_not_searched_and_pays_for_its_evaluation_only() -> None:
    with_training, without = made(False), made(True)
    [model] = without.models
    assert model.trained == TRAINED and with_training.models[0].tune and not model.tune
    prices = dict.fromkeys(SPECS["usd_per_hour"], 1.0)
    hours = (model.evaluation.max_runtime_seconds + without.preparation.max_runtime_seconds) / 3600
    assert worst_case_usd(without, prices) == pytest.approx(hours)
    assert worst_case_usd(with_training, prices) > hours + model.training.max_runtime_seconds / 3600
    no_training = {quotas.TOTALS[kind]: quotas.Quota(0) for kind in ("training", "spot training")}
    assert fit(without, no_training, "us-east-1") == without
    with pytest.raises(Refused, match="quota"):
        fit(with_training, no_training, "us-east-1")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"trained": URI}, "trained is a string; it must map a model"),
        ({"trained": {MOBILE: URI}}, f"trained has {MOBILE!r}, which is not in this run; it has {NAME}"),
        ({"trained": {NAME: "model.tar.gz"}}, "trained.dog-breed-classifier is 'model.tar.gz'; it must be a URI"),
        ({"trained": {NAME: "s3://b/weights.pth"}}, "it must be a URI such as s3://BUCKET/PREFIX/model.tar.gz"),
        ({"trained": {NAME: 3}}, "trained.dog-breed-classifier is 3; it must be a URI"),
        ({"trained": {NAME: URI}, "hyperparameters": {NAME: {"lr": 0.1}}}, "has no effect, because trained.dog-breed-"),
    ],
)
def test_a_mistake_is_refused_with_the_fields_name(value: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused) as refusal:
        parse({"models": [NAME], **value}, "run-1", SPECS)
    assert words in str(refusal.value)


def test_the_artifact_must_be_where_the_evaluation_may_read(aws: Account) -> None:
    aws.s3.put_object(Bucket=aws.artifacts, Key="models/x/model.tar.gz", Body=b"x")
    for uri in (URI, f"s3://{aws.artifacts}/models/x/model.tar.gz", "s3://elsewhere/runs/x/model.tar.gz"):
        with pytest.raises(Refused, match=r"there is no such object below .*runs/: bring .* `kennel models import`"):
            lookups.trained(aws.artifacts, {NAME: uri})


def test_the_records_beside_a_trainings_artifact_are_used(aws: Account) -> None:
    aws.s3.put_object(Bucket=aws.artifacts, Key=KEY, Body=b"x")
    assert lookups.trained(aws.artifacts, {NAME: URI}) == {NAME: TRAINED}
    records = KEY.replace("model.tar.gz", "output.tar.gz")
    aws.s3.put_object(Bucket=aws.artifacts, Key=records, Body=b"x")
    assert lookups.trained(aws.artifacts, {NAME: URI})[NAME].records == keys.uri(aws.artifacts, records)


def test_the_plan_of_a_trained_model_needs_no_pretrained_weights(aws: Account, tmp_path: Path, function: Call) -> None:
    aws.s3.put_object(Bucket=aws.data, Key="datasets/dog-breeds/train/001.A/1.jpg", Body=b"x")
    aws.s3.put_object(Bucket=aws.artifacts, Key=KEY, Body=b"x")
    (tmp_path / "specs.json").write_text(json.dumps(SPECS))
    environment = Environment(
        aws.data, aws.artifacts, "us-east-1", "abc.gz", check_quotas=False, specs_file=str(tmp_path / "specs.json")
    )
    event = {"input": {"models": [NAME], "trained": {NAME: URI}}, "execution": "run-1"}
    answer = function(handler, environment, event)
    stored = aws.s3.get_object(Bucket=aws.artifacts, Key=answer["models"][0]["plan_key"])["Body"].read()
    assert json.loads(stored)["trained"] == {"job": "imported", "artifact": URI, "records": URI}


EARLIER = PlanFile(
    DatasetSettings(name="dog-breeds"),
    {NAME: ModelSettings(NAME, "resnet18", Preprocessing(256, 224), "full", "fp32")},
)


def evaluable(aws: Account, now: PlanFile, trained: dict[str, str]) -> str:
    """What is said against it, for an artifact that the execution run-0 trained by the plan EARLIER."""
    aws.s3.put_object(Bucket=aws.artifacts, Key=keys.plan("run-0") + PLAN_FILE, Body=json.dumps(EARLIER.to_dict()))
    for name, classes in {"dog-breeds": "ab", "same": "ab", "flowers": "abc"}.items():
        for each in classes:
            aws.s3.put_object(Bucket=aws.data, Key=f"datasets/{name}/train/{each}/1.jpg", Body=b"x")
    try:
        require_evaluable(aws.artifacts, aws.data, now, trained)
    except Refused as refused:
        return str(refused)
    return ""


def renamed(model: ModelSettings, **changes: Any) -> PlanFile:
    changed = replace(model, **changes)
    return PlanFile(EARLIER.dataset, {changed.name: changed})


def test_what_the_evaluation_would_refuse_is_refused_before_the_preparation(aws: Account) -> None:
    model = EARLIER.models[NAME]
    assert evaluable(aws, EARLIER, {NAME: URI}) == ""
    assert evaluable(aws, renamed(model, name="pets"), {"pets": URI}) == (
        f"the artifact given for pets was trained as {NAME} and keeps that name: publish it as {NAME}, without --as, "
        "or train pets"
    )
    assert f"was trained with architecture resnet18, and {NAME} now has resnet50: train it again" in evaluable(
        aws, renamed(model, architecture="resnet50"), {NAME: URI}
    )
    assert "was trained with preprocessing" in evaluable(
        aws, renamed(model, preprocessing=Preprocessing(64, 64)), {NAME: URI}
    )
    assert evaluable(aws, replace(EARLIER, dataset=DatasetSettings(name="same")), {NAME: URI}) == ""
    assert evaluable(aws, replace(EARLIER, dataset=DatasetSettings(name="flowers")), {NAME: URI}) == (
        f"the artifact given for {NAME} was trained on dog-breeds, and flowers has other classes: "
        "evaluate it on dog-breeds"
    )


def test_an_artifact_whose_run_is_unknown_is_left_to_the_evaluation(aws: Account) -> None:
    for key in (keys.output("run-9", NAME) + "imported/output/model.tar.gz", "runs/by-hand/model.tar.gz"):
        other = renamed(EARLIER.models[NAME], architecture="resnet50")
        assert evaluable(aws, other, {NAME: keys.uri(aws.artifacts, key)}) == ""


def test_planrun_asks_it(aws: Account, tmp_path: Path, function: Call) -> None:
    aws.s3.put_object(Bucket=aws.data, Key="datasets/dog-breeds/train/001.A/1.jpg", Body=b"x")
    aws.s3.put_object(Bucket=aws.artifacts, Key=KEY, Body=b"x")
    (tmp_path / "specs.json").write_text(json.dumps(SPECS))
    environment = Environment(
        aws.data, aws.artifacts, "us-east-1", "abc.gz", check_quotas=False, specs_file=str(tmp_path / "specs.json")
    )
    value = {"models": [NAME], "trained": {NAME: URI}, "as": {NAME: "pets"}}
    with pytest.raises(Refused, match=f"the artifact given for pets was trained as {NAME} and keeps that name"):
        function(handler, environment, {"input": value, "execution": "run-1"})
    assert aws.s3.list_objects_v2(Bucket=aws.artifacts, Prefix="runs/run-1/")["KeyCount"] == 0
