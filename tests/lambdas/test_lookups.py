"""What PlanRun asks of S3, and how it takes the answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

import config
from imgcls.contract import keys
from imgcls.contract.alias import Alias
from imgcls.contract.run_plan import Trained
from lambdas.common import s3
from lambdas.common.errors import Refused
from lambdas.plan_run import account_quotas, lookups
from lambdas.plan_run.account_quotas import AccountQuotas
from lambdas.plan_run.environment import Environment
from lambdas.plan_run.handler import handler
from lambdas.plan_run.naming import MAX_GROUP_CHARS, require_same_labels, with_new_models
from lambdas.plan_run.quotas import Quota
from lambdas.plan_run.request import parse
from pipeline.specs import run_specs

SPECS = run_specs(config.load("dev"))
BREEDS, MOBILE = "dog-breed-classifier", "dog-breed-classifier-mobile"


@pytest.fixture
def environment(aws: Any, tmp_path: Any) -> Environment:
    specs = tmp_path / "specs.json"
    specs.write_text(json.dumps(SPECS))
    aws.s3.put_object(Bucket=aws.data, Key="datasets/dog-breeds/train/001.A/1.jpg", Body=b"x")
    for architecture in ("resnet18", "mobilenet_v3_small"):
        aws.s3.put_object(Bucket=aws.artifacts, Key=keys.weights(architecture), Body=b"x")
    return Environment(aws.data, aws.artifacts, "us-east-1", "abc.gz", check_quotas=True, specs_file=str(specs))


def test_quotas_bound_the_run_where_they_are_checked(
    aws: Any, environment: Environment, function: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = AccountQuotas({"ml.g5.xlarge for spot training job usage": Quota(2.0)})
    monkeypatch.setattr(account_quotas, "read", lambda names: account)
    answer = function(handler, environment, {"input": {}, "execution": "run-1"})
    assert answer["max_concurrency"] == 1 and len(answer["notes"]) == 1
    account.found.clear()
    answer = function(handler, environment, {"input": {}, "execution": "run-2"})
    assert (answer["max_concurrency"], answer["notes"]) == (2, [])
    account.note = "they cannot be read"
    assert function(handler, environment, {"input": {}, "execution": "run-3"})["notes"] == ["they cannot be read"]


def test_a_run_that_costs_too_much_is_refused_before_anything_is_written(
    aws: Any, environment: Environment, function: Any, tmp_path: Any
) -> None:
    (tmp_path / "specs.json").write_text(json.dumps({**SPECS, "budget_usd": 0.01}))
    with pytest.raises(Refused, match=r"budget of \$0.01"):
        function(handler, environment, {"input": {}, "execution": "run-1"})
    assert aws.s3.list_objects_v2(Bucket=aws.artifacts, Prefix="runs/")["KeyCount"] == 0


@pytest.mark.parametrize(
    ("uploaded", "layout", "folders"),
    [
        (("train/a", "train/b", "test/a"), None, ["a", "b"]),
        (("train/a", "test/a"), "splits", ["a"]),
        (("train/a", "cats/1"), "classes", ["cats", "train"]),
        (("cats/1", "dogs/1"), None, ["cats", "dogs"]),
        (("cats/1", "dogs/1"), "splits", []),
    ],
)
def test_class_folders_are_where_the_layout_has_them(
    aws: Any, uploaded: tuple[str, ...], layout: str | None, folders: list[str]
) -> None:
    for key in uploaded:
        aws.s3.put_object(Bucket=aws.data, Key=f"datasets/d/{key}/1.jpg", Body=b"x")
    assert lookups.class_folders(aws.data, "d", layout) == folders


def test_aliases_and_labels_are_those_that_are_there(aws: Any) -> None:
    alias = Alias("a", "a/v1/model.tar.gz", (), "me", "now", "why")
    s3.write_json(aws.artifacts, keys.alias("a"), alias.to_dict())
    aliases = lookups.published(aws.artifacts, ["a", "b"])
    assert aliases == {"a": alias}
    assert lookups.labels(aws.artifacts, aliases) == {}
    s3.write_json(aws.artifacts, keys.labels(alias.current), ["x", "y"])
    assert lookups.labels(aws.artifacts, aliases) == {"a": ["x", "y"]}


def test_an_artifact_stands_in_for_the_job_that_made_it(aws: Any) -> None:
    folder = "runs/run-0/m/output/job-7/output/"
    for name in ("model.tar.gz", "output.tar.gz"):
        aws.s3.put_object(Bucket=aws.artifacts, Key=folder + name, Body=b"x")
    uri = keys.uri(aws.artifacts, folder)
    found = lookups.trained(aws.artifacts, {"m": f"{uri}model.tar.gz"})
    assert found == {"m": Trained("job-7", f"{uri}model.tar.gz", f"{uri}output.tar.gz")}


def test_a_plan_is_stored_beside_each_models_part_and_the_placeholder_once(
    aws: Any, environment: Environment, function: Any
) -> None:
    environment = Environment(**{**vars(environment), "check_quotas": False})
    placeholder = "aliases/_none/nothing-published.txt"
    function(handler, environment, {"input": {}, "execution": "run-1"})
    stored = {item["Key"] for item in aws.s3.list_objects_v2(Bucket=aws.artifacts)["Contents"]}
    assert {key for key in stored if not key.startswith("weights/")} == {
        "runs/run-1/plan/plan.json", f"runs/run-1/{BREEDS}/plan.json", f"runs/run-1/{MOBILE}/plan.json", placeholder,
    }  # fmt: skip
    aws.s3.put_object(Bucket=aws.artifacts, Key=placeholder, Body=b"kept")
    function(handler, environment, {"input": {}, "execution": "run-2"})
    assert aws.s3.get_object(Bucket=aws.artifacts, Key=placeholder)["Body"].read() == b"kept"


@pytest.mark.parametrize(
    ("published", "uploaded", "words"),
    [
        (["a", "b"], ["b", "a"], None),
        (["a", "b"], ["a"], "(d lacks b)"),
        (["a"], ["a", "b"], "(m lacks b)"),
        (list("abcd"), list("e"), "(d lacks a, b, c and 1 more, and m lacks e)"),
        (list("abc"), [], "(d lacks a, b, c)"),
    ],
)
def test_a_name_keeps_its_labels(published: list[str], uploaded: list[str], words: str | None) -> None:
    if words is None:
        require_same_labels("m", published, uploaded, "d")
        return
    with pytest.raises(Refused) as refused:
        require_same_labels("m", published, uploaded, "d")
    assert words in str(refused.value)


def test_a_new_models_group_may_have_63_characters() -> None:
    room = MAX_GROUP_CHARS - len("kennel-dev-")
    for length in (room, room + 1):
        request = parse({"models": [BREEDS], "as": {BREEDS: "x" * length}}, "run-1", SPECS)
        if length == room:
            made = with_new_models(SPECS, request)
            assert len(made["models"]["x" * length]["package_group"]) == MAX_GROUP_CHARS == 63
            assert made["models"][BREEDS] == SPECS["models"][BREEDS] and "x" * length not in SPECS["models"]
        else:
            with pytest.raises(Refused, match=f"as.{BREEDS} is x+, .*63 characters"):
                with_new_models(SPECS, request)
