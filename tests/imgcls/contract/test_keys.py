"""Every key of the two buckets, in full: what is stored under one today must be found under it tomorrow."""

from __future__ import annotations

import pytest

from imgcls.contract import keys

KEYS = [
    (keys.dataset("dogs"), "datasets/dogs/"),
    (keys.prepared("1a2b"), "prepared/1a2b/"),
    (keys.plan("run-1"), "runs/run-1/plan/"),
    (keys.parts("run-1"), "runs/run-1/parts/"),
    (keys.model_plan("run-1", "m"), "runs/run-1/m/plan.json"),
    (keys.run("run-1", "m"), "runs/run-1/m/"),
    (keys.output("run-1", "m"), "runs/run-1/m/output/"),
    (keys.checkpoints("run-1", "m"), "runs/run-1/m/checkpoints/"),
    (keys.trials("run-1", "m"), "runs/run-1/m/trials/"),
    (keys.hyperparameters("run-1", "m"), "runs/run-1/m/hyperparameters.json"),
    (keys.evaluation("run-1", "m"), "runs/run-1/m/evaluation.json"),
    (keys.golden("run-1", "m"), "runs/run-1/m/golden/"),
    (keys.reports("run-1", "m"), "runs/run-1/m/reports/"),
    (keys.candidate("run-1", "m"), "runs/run-1/m/model.tar.gz"),
    (keys.target_model("m"), "m/model.tar.gz"),
    (keys.target_model("m", "v1"), "m/v1/model.tar.gz"),
    (keys.model("m"), "models/m/model.tar.gz"),
    (keys.model("m", "v1"), "models/m/v1/model.tar.gz"),
    (keys.labels("m/v1/model.tar.gz"), "models/m/v1/labels.json"),
    (keys.weights("resnet18"), "weights/resnet18.safetensors"),
    (keys.alias("m"), "aliases/m.json"),
    (keys.batch_input("j"), "batch/j/input/"),
    (keys.batch_output("j"), "batch/j/output/"),
    (keys.NO_CHAMPION, "aliases/_none/"),
    (keys.TRIAL_CHECKPOINTS, "/opt/ml/checkpoints/trials"),
    (keys.PROJECT_TAG, "kennel:project"),
    (keys.ENVIRONMENT_TAG, "kennel:environment"),
]


@pytest.mark.parametrize(("key", "expected"), KEYS, ids=[expected for _, expected in KEYS])
def test_a_key_stays_where_it_is(key: str, expected: str) -> None:
    assert key == expected


def test_a_uri_and_its_parts_say_the_same() -> None:
    assert keys.uri("b", "a/c.json") == "s3://b/a/c.json"
    assert keys.parse_uri("s3://b/a/c.json") == ("b", "a/c.json")
    assert keys.parse_uri("s3://b/a//b://c") == ("b", "a//b://c")
    assert keys.parse_uri("s3://b") == ("b", "")


@pytest.mark.parametrize("text", ["https://b/a", "s3:/b/a", "s3:///a", "b/a", ""])
def test_anything_else_is_not_a_uri(text: str) -> None:
    with pytest.raises(ValueError, match=r"S3 URI .* s3://bucket/key"):
        keys.parse_uri(text)


@pytest.mark.parametrize("name", ["a", "0", "dog-breeds", "a" * 63])
def test_a_name_may_become_a_part_of_a_key(name: str) -> None:
    assert keys.NAME.fullmatch(name)


@pytest.mark.parametrize("name", ["", "-a", "a-", "Dogs", "a_b", "a/b", "a.b", "..", "a" * 64])
def test_other_names_may_not(name: str) -> None:
    assert not keys.NAME.fullmatch(name)
