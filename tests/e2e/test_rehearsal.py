"""The rehearsal of an account: `dev` word for word, deployed, run, updated in every way, broken, deployed again.

Its tests are one story, told in order. test_rehearsal_whole.py has each update by itself and a failure of every stack.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import config
from samples import draw
from tests.e2e import rehearsal
from tests.e2e.rehearsal import ENVIRONMENT, Rehearsal

MODEL = "cat-dog-classifier"


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """Before the first deploy."""
    with rehearsal.account(tmp_path_factory.mktemp("rehearsal")) as made:
        yield made


def test_the_rehearsal_is_dev_but_for_account_and_sizes() -> None:
    """What differs is what a laptop cannot be: anything else would hide a fault from the rehearsal."""
    dev, own = (config.load(name).model_dump() for name in ("dev", ENVIRONMENT))
    models = [dev.pop("models"), own.pop("models")]
    assert [model["name"] for model in models[0]] == [model["name"] for model in models[1]]
    assert set(different(dev, own)) == {
        "environment",
        "cloud",
        "account",
        "endpoint.name",
        *(f"{kind}.instance_type" for kind in ("preparation", "training", "evaluation", "endpoint")),
        "training.fallback_instance_types",
    }


def different(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """The paths at which two trees differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() | other.keys():
            yield from different(one.get(key), other.get(key), f"{path}.{key}".lstrip("."))
    elif one != other:
        yield path


def test_the_first_deploy_builds_the_images_and_needs_no_endpoint(account: Rehearsal) -> None:
    account.kennel("deploy")
    tags = account.image_tags()
    assert set(tags) == {f"kennel-{ENVIRONMENT}/jobs", f"kennel-{ENVIRONMENT}/serving"}
    assert all(len(found) == 1 for found in tags.values()), tags
    assert account.json("endpoint", "status")["status"] == "off"
    assert account.stack_statuses() == {"CREATE_COMPLETE"}


def test_a_run_within_the_quotas_ends_staged(account: Rehearsal, tmp_path: Path) -> None:
    draw(tmp_path, "cats-dogs", 2, 40, seed=3)
    account.kennel("data", "upload", str(tmp_path), "--dataset", "cats-dogs")
    started = account.json("pipeline", "start", "--model", MODEL)
    run = json.loads(account.kennel("pipeline", "watch", started["name"], "--json", check=False).stdout)
    assert run["status"] == "SUCCEEDED", run["cause"]
    [outcome] = run["output"]["outcomes"]
    assert outcome["outcome"] == "staged", outcome
    assert not [note for note in run["output"]["notes"] if "quota" in note], "every quota was read and fits"
    assert account.aliases() == set(), "no alias without a smoke test"
    [listed] = [item for item in account.json("models", "list") if item["name"] == MODEL]
    assert (listed["current"], listed["staged"]["target_model"]) == ("", outcome["target_model"])


def test_the_endpoint_goes_on_publishes_answers_and_goes_off(account: Rehearsal, tmp_path: Path) -> None:
    draw(tmp_path, "cats-dogs", 2, 6, seed=2027)
    images = sorted(tmp_path.glob("*/*.jpg"))
    refused = account.kennel("predict", str(images[0]), "--model", MODEL, check=False)
    assert refused.returncode == 1 and "is staged; `kennel endpoint on" in " ".join(refused.stderr.split())
    account.kennel("endpoint", "on")
    assert account.aliases() == {MODEL}
    answers = account.json("predict", *map(str, images), "--model", MODEL)
    assert len(answers) == len(images)
    account.kennel("endpoint", "off", "--yes")
    assert account.json("endpoint", "status")["status"] == "off"
    refused = account.kennel("predict", str(images[0]), "--model", MODEL, check=False)
    assert refused.returncode == 1 and "is off: turn it on" in " ".join(refused.stderr.split())


def test_under_scaling_another_instance_type_needs_the_endpoint_off(account: Rehearsal) -> None:
    """SageMaker's own refusal would come half-way; off, deploy and on is the way that the refusal names."""
    endpoint = config.load(ENVIRONMENT).endpoint
    assert endpoint.min_instances < endpoint.max_instances
    account.kennel("endpoint", "on", "--no-publish")
    account.configure(endpoint={"instance_type": "ml.m5.2xlarge"})
    for command in (("diff", "--templates-only"), ("deploy",)):
        refused = account.kennel(*command, check=False)
        assert refused.returncode == 1
        assert f"run `kennel endpoint off --env {ENVIRONMENT}`, deploy" in " ".join(refused.stderr.split())
    account.kennel("endpoint", "off", "--yes")
    account.kennel("deploy")
    account.kennel("endpoint", "on", "--no-publish")
    sagemaker = account.client("sagemaker")
    used = sagemaker.describe_endpoint(EndpointName=endpoint.name)["EndpointConfigName"]
    (variant,) = sagemaker.describe_endpoint_config(EndpointConfigName=used)["ProductionVariants"]
    assert variant["InstanceType"] == "ml.m5.2xlarge"
    account.kennel("endpoint", "off", "--yes")


@pytest.mark.parametrize(
    "changes",
    [
        (rehearsal.serving_code, rehearsal.training_code, rehearsal.function_code),
        (rehearsal.base_image, rehearsal.alarm, rehearsal.instance_type, rehearsal.model_added),
        (rehearsal.model_removed, rehearsal.function_renamed),
    ],
    ids=["code", "settings", "renames"],
)
def test_an_update_passes_and_replaces_nothing_stateful(
    account: Rehearsal, changes: tuple[rehearsal.Change, ...]
) -> None:
    changed = account.deploy_after(*changes)
    for change in changes:
        assert rehearsal.CHANGES[change] <= changed, f"{change.__name__} changed {changed}"


def test_a_stack_that_fails_is_rolled_back_and_the_next_deploy_passes(account: Rehearsal) -> None:
    before = account.resources()
    with account.breaking("Monitoring"):
        failed = account.kennel("deploy", check=False)
        assert failed.returncode != 0 and rehearsal.BROKEN in failed.stdout + failed.stderr
    assert account.resources() == before
    account.kennel("deploy")


def test_what_is_destroyed_leaves_nothing_and_is_deployed_again(account: Rehearsal) -> None:
    account.kennel("destroy", "--yes")
    assert account.resources() == {}
    assert account.leftovers() == {}
    account.kennel("deploy")
    assert account.stack_statuses() == {"CREATE_COMPLETE"}
