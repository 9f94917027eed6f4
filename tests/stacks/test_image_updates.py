"""Images by CodeBuild in the local cloud: the first deploy, and every update of what goes into them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

import config
from config.app import AppConfig
from config.base import LOCAL_ACCOUNT
from localcloud import ImageCommand, LocalCloud, orders
from localcloud.codebuild import capacity
from localcloud.iam_audit import denied_calls
from stacks.constructs import build_script
from tests.stacks.assemblies import synthesize
from tests.stacks.local_deploy import deploy, reasons
from tests.stacks.test_exports import CHANGES

STOCK = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch*"
REPOSITORIES = ("kennel-dev/jobs", "kennel-dev/serving")
IMAGE_CHANGES = ("base image", "pytorch version")  # the rehearsal in CI does the first too


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    images = [ImageCommand(STOCK, "training"), ImageCommand("*/kennel-dev/*", "serving", ("false",))]
    with LocalCloud(images=images) as running:
        yield running


def settings() -> AppConfig:
    """Environment dev, word for word, in the local cloud; without an endpoint, which would only take time."""
    dev = config.load("dev")
    endpoint = dev.endpoint.model_copy(update={"enabled": False})
    return dev.model_copy(update={"account": LOCAL_ACCOUNT, "endpoint": endpoint})


@pytest.fixture(scope="module")
def deployed(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> LocalCloud:
    ended = deploy(synthesize(settings(), tmp_path_factory.mktemp("first"), rule_packs=False))
    assert set(ended.values()) == {"CREATE_COMPLETE"} and len(ended) == 6, (ended, reasons(list(ended)[-1]))
    return cloud


def tags(repository: str) -> set[str]:
    images = boto3.client("ecr").list_images(repositoryName=repository)["imageIds"]
    return {image["imageTag"] for image in images if "imageTag" in image}


def models() -> list[str]:
    """The images of the models that exist."""
    sagemaker = boto3.client("sagemaker")
    names = [item["ModelName"] for item in sagemaker.list_models()["Models"]]
    return [sagemaker.describe_model(ModelName=name)["PrimaryContainer"]["Image"] for name in names]


def test_the_first_deploy_builds_both_images_and_the_model_uses_them(deployed: LocalCloud) -> None:
    (tag,) = tags(REPOSITORIES[0])
    assert tags(REPOSITORIES[1]) == {tag}
    assert models() == [f"{LOCAL_ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/kennel-dev/serving:{tag}"]


def test_every_call_of_the_build_and_its_function_was_permitted(deployed: LocalCloud) -> None:
    """Before an update: it takes the permission to read the older sources away."""
    assert denied_calls(deployed.cloud.client) == []


@pytest.mark.parametrize(
    "change", ["serving code", "rebuild", *(pytest.param(name, marks=pytest.mark.slow) for name in IMAGE_CHANGES)]
)
def test_a_change_of_what_goes_in_makes_an_image_that_the_model_then_uses(
    change: str, deployed: LocalCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tags(REPOSITORIES[1])
    changed = CHANGES[change](settings(), monkeypatch)
    ended = deploy(synthesize(changed, tmp_path, rule_packs=False))
    assert set(ended.values()) == {"UPDATE_COMPLETE"}, (ended, reasons(list(ended)[-1]))
    (new,) = tags(REPOSITORIES[1]) - before
    assert [image.rpartition(":")[2] for image in models()] == [new]


@pytest.mark.slow
@pytest.mark.parametrize("change", ["training code", "lambda code", "function renamed", "model removed", "model added"])
def test_another_update_passes_and_builds_nothing(
    change: str, deployed: LocalCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(synthesize(settings(), tmp_path / "before", rule_packs=False))
    before = tags(REPOSITORIES[1])
    ended = deploy(synthesize(CHANGES[change](settings(), monkeypatch), tmp_path / "after", rule_packs=False))
    assert set(ended.values()) == {"UPDATE_COMPLETE"}, (ended, reasons(list(ended)[-1]))
    assert tags(REPOSITORIES[1]) == before


def failed_update(salt: str, folder: Path) -> str:
    """Deploy a change that must fail in Images, and be rolled back; all that CloudFormation said of it."""
    images = config.load("dev").images.model_copy(update={"rebuild": salt})
    ended = deploy(synthesize(settings().model_copy(update={"images": images}), folder, rule_packs=False))
    assert list(ended.values())[-1] == "UPDATE_ROLLBACK_COMPLETE", (ended, reasons("Kennel-Dev-Images"))
    return "\n".join(reasons("Kennel-Dev-Images"))


def test_a_build_that_fails_is_told_with_its_log(
    deployed: LocalCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_script, "BUILD", build_script.BUILD.replace("--target", "--tarrget"))
    assert "the image build failed: see http" in failed_update("fails", tmp_path)


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        ({"builds": 0}, "Cannot have more than 0 builds in queue for the account): ask AWS Support to raise its limit"),
        (
            {"machines": False, "minute_seconds": 0.2},
            "the image build ended as TIMED_OUT in QUEUED (Build has timed out.): no machine was free for it",
        ),
    ],
    ids=["no builds", "no machine"],
)
def test_an_account_that_cannot_build_hears_so_at_once_and_goes_back(
    limits: dict[str, Any], sentence: str, deployed: LocalCloud, tmp_path: Path
) -> None:
    """The way back needs no build: its images are there."""
    orders.order(deployed.url + capacity.PATH, limits)
    try:
        assert sentence in failed_update(str(limits), tmp_path)
    finally:
        orders.order(deployed.url + capacity.PATH, method="DELETE")
