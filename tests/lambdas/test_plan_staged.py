"""The plan of a run that tests and publishes what is staged."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

import config
from imgcls.contract import keys
from imgcls.contract.alias import Alias
from imgcls.contract.run_plan import MAX_MODELS
from imgcls.contract.staged import Staged, is_open
from lambdas.common.clients import client
from lambdas.common.errors import Refused
from lambdas.plan_run import staged as plan_staged
from lambdas.plan_run.environment import Environment
from lambdas.plan_run.handler import handler
from pipeline.specs import run_specs
from tests.lambdas.conftest import Account, Call

PENDING = "PendingManualApproval"
PETS = Staged(
    name="pets", target_model="pets/v2/model.tar.gz", compared_with="pets/v1/model.tar.gz", package_arn="pets/2",
    execution="run-2", run_uri="s3://artifacts-bucket/runs/run-2/pets/", reason="better", accuracy=0.9,
    when="2026-11-20T10:00:00+00:00",
)  # fmt: skip
DOGS = replace(PETS, name="dogs", target_model="dogs/v7/model.tar.gz", package_arn="dogs/7", when="2026-11-19T10:00:00")


class Registry:
    """Statuses of model packages by ARN."""

    def __init__(self) -> None:
        self.statuses: dict[str, str] = {}

    def describe_model_package(self, ModelPackageName: str) -> dict[str, str]:
        if ModelPackageName not in self.statuses:
            error = {"Code": "ValidationException", "Message": f"ModelPackage {ModelPackageName} does not exist."}
            raise ClientError({"Error": error}, "DescribeModelPackage")
        return {"ModelApprovalStatus": self.statuses[ModelPackageName]}


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    found = Registry()
    monkeypatch.setattr(plan_staged, "client", lambda name: found if name == "sagemaker" else client(name))
    return found


@pytest.fixture
def stage(aws: Account, registry: Registry) -> Callable[..., None]:
    def put(item: Staged, status: str | None = PENDING) -> None:
        aws.s3.put_object(Bucket=aws.artifacts, Key=keys.staged(item.name), Body=json.dumps(item.to_dict()))
        if status:
            registry.statuses[item.package_arn] = status

    return put


@pytest.fixture
def run(aws: Account, tmp_path: Path, function: Call) -> Callable[..., Any]:
    specs = tmp_path / "specs.json"
    specs.write_text(json.dumps(run_specs(config.load("dev"))))
    environment = Environment(aws.data, aws.artifacts, "us-east-1", "abc.gz", check_quotas=True, specs_file=str(specs))

    def call(**value: Any) -> Any:
        return function(handler, environment, {"input": {"publish_staged": True, **value}, "execution": "run-9"})

    return call


def point(aws: Account, name: str, current: str, *previous: str) -> None:
    alias = Alias(name, current, previous, "somebody", "then", "good")
    aws.s3.put_object(Bucket=aws.artifacts, Key=keys.alias(name), Body=json.dumps(alias.to_dict()))


def test_every_staged_version_is_planned_in_the_order_in_which_it_came(
    aws: Account, stage: Callable[..., None], run: Callable[..., Any]
) -> None:
    stage(PETS)
    stage(DOGS, "Approved")  # by a person, which does not replace the smoke test
    point(aws, "pets", "pets/v1/model.tar.gz")
    answer = run()
    assert answer["publish_staged"] is True and answer["max_concurrency"] == 2
    assert answer["models"] == [
        {"name": name, "run_uri": PETS.run_uri, "plan_key": f"runs/run-9/{name}/plan.json"} for name in ("dogs", "pets")
    ]
    stored = json.loads(aws.s3.get_object(Bucket=aws.artifacts, Key="runs/run-9/pets/plan.json")["Body"].read())
    assert stored == {"staged": {**PETS.to_dict(), "version": "v2"}}


def test_models_are_chosen_by_name_even_those_of_no_recipe(stage: Callable[..., None], run: Callable[..., Any]) -> None:
    stage(PETS)
    stage(DOGS)
    assert [model["name"] for model in run(models=["pets"])["models"]] == ["pets"]
    with pytest.raises(Refused, match="models has 'cats', of which no version is staged; choose from dogs, pets"):
        run(models=["cats"])


@pytest.mark.parametrize(
    ("status", "alias"),
    [
        (None, ()),
        ("Rejected", ()),
        (PENDING, ("pets/v2/model.tar.gz",)),
        (PENDING, ("pets/v3/model.tar.gz", "pets/v2/model.tar.gz")),
    ],
)
def test_what_is_published_rejected_or_deleted_does_not_wait(
    aws: Account, stage: Callable[..., None], run: Callable[..., Any], status: str | None, alias: tuple[str, ...]
) -> None:
    stage(PETS, status)
    if alias:
        point(aws, "pets", *alias)
    with pytest.raises(Refused, match="no version is staged"):
        run()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"publish_staged": 1}, "publish_staged is 1; it must be true or false"),
        ({"tune": True}, "tune has no effect, because publish_staged is given"),
        ({"models": []}, "models is \\[\\]; it must be a list of at least one"),
    ],
)
def test_an_input_with_anything_else_is_refused(
    stage: Callable[..., None], run: Callable[..., Any], value: dict[str, Any], words: str
) -> None:
    stage(PETS)
    with pytest.raises(Refused, match=words):
        run(**value)


def test_more_than_a_run_can_have_are_left_for_the_next(stage: Callable[..., None], run: Callable[..., Any]) -> None:
    for number in range(MAX_MODELS + 2):
        stage(replace(PETS, name=f"m{number:02d}", target_model=f"m{number:02d}/v1/model.tar.gz"))
    answer = run()
    assert len(answer["models"]) == MAX_MODELS
    assert answer["notes"] == ["2 more versions are staged: run again"]


def test_another_fault_of_the_registry_is_not_taken_for_an_answer(
    stage: Callable[..., None], run: Callable[..., Any], registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(**request: str) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "DescribeModelPackage")

    stage(PETS)
    monkeypatch.setattr(registry, "describe_model_package", denied)
    with pytest.raises(ClientError, match="AccessDenied"):
        run()


def test_a_document_of_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="has format 2; this version reads format 1"):
        Staged.from_dict({**PETS.to_dict(), "format": 2})


def test_only_a_rejected_or_deleted_package_takes_a_version_back() -> None:
    assert [is_open(status) for status in (PENDING, "Approved", "Rejected", None)] == [True, True, False, False]
