"""The sources of images, what their tag depends on, and what is built from what."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import config
from config import base_images
from config.base import ConfigError
from config.platform import ImagesConfig
from stacks.constructs import build_script
from stacks.constructs.build_script import image_tag
from tests.stacks.assemblies import assembly, properties, resources, synthesize

PROJECT = "AWS::CodeBuild::Project"


def given(tmp_path: Path, **images: Any) -> dict[str, dict[str, Any]]:
    """Stack role -> template, for the dev environment with other images."""
    settings = config.load("dev").model_copy(update={"images": ImagesConfig(**images)})
    folder = synthesize(settings, tmp_path, rule_packs=False)
    return {
        path.name.split("-")[2].split(".")[0]: json.loads(path.read_text()) for path in folder.glob("*.template.json")
    }


def parameters(template: dict[str, Any]) -> list[Any]:
    return [
        item["Properties"]["Value"] for item in template["Resources"].values() if item["Type"] == "AWS::SSM::Parameter"
    ]


def test_training_uses_the_stock_image_for_its_instance_type() -> None:
    (machine,) = properties("prod", "AWS::StepFunctions::StateMachine")
    image = machine["DefinitionSubstitutions"]["TrainingImage"]
    assert image == "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch:2.13-cu133-amzn2023-sagemaker"


def test_the_jobs_image_is_based_on_the_cpu_image() -> None:
    (project,) = properties("prod", PROJECT)
    values = {item["Name"]: item["Value"] for item in project["Environment"]["EnvironmentVariables"]}
    assert values["TRAINING_IMAGE"].endswith("/pytorch:2.13-cpu-amzn2023-sagemaker")


def test_given_images_need_no_build(tmp_path: Path) -> None:
    uri = "210987654321.dkr.ecr.eu-west-1.amazonaws.com/mine@sha256:1234"
    found = given(tmp_path, source="uri", jobs_uri=uri, serving_uri=uri)
    assert {item["Type"] for item in found["Images"]["Resources"].values()} == {"AWS::SSM::Parameter"}
    assert "arn:aws:ecr:eu-west-1:210987654321:repository/mine" in json.dumps(found["Serving"])


def test_an_image_that_sagemaker_could_not_pull_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"docker\.io/mine:1.*push the image there"):
        given(tmp_path, source="uri", jobs_uri="docker.io/mine:1", serving_uri="docker.io/mine:1")


BASES = {"TRAINING_IMAGE": "stock:1", "PYTHON_IMAGE": "python:3.12"}


@pytest.mark.parametrize(
    "other",
    [
        ("other sources", BASES, ""),
        ("sources", {**BASES, "TRAINING_IMAGE": "stock@sha256:1234"}, ""),
        ("sources", {**BASES, "PYTHON_IMAGE": "python:3.13"}, ""),
        ("sources", BASES, "2026-12-01"),
    ],
    ids=["sources", "training image", "python image", "rebuild"],
)
def test_the_tag_knows_everything_that_goes_in(other: tuple[str, dict[str, str], str]) -> None:
    assert image_tag("sources", BASES, "") == image_tag("sources", dict(BASES), "")
    assert image_tag(*other) != image_tag("sources", BASES, "")


def test_the_tag_knows_the_build_script(monkeypatch: pytest.MonkeyPatch) -> None:
    before = image_tag("sources", BASES, "")
    monkeypatch.setattr(build_script, "BUILD", build_script.BUILD.replace("--provenance=false", ""))
    assert image_tag("sources", BASES, "") != before


def test_images_are_handed_on_by_a_tag_that_is_known_at_synth() -> None:
    (model,) = properties("prod", "AWS::SageMaker::Model", "Serving")
    image = json.dumps(model["PrimaryContainer"]["Image"])
    assert "Fn::ImportValue" not in image and re.search(r"/kennel-prod/serving:[0-9a-f]{40}\"", image)


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_stacks_that_run_the_images_come_after_them(environment: str) -> None:
    artifacts = json.loads((assembly(environment) / "manifest.json").read_text())["artifacts"]
    name = f"Kennel-{environment.capitalize()}"
    for role in ("Training", "Serving"):
        assert f"{name}-Images" in artifacts[f"{name}-{role}"]["dependencies"]


def test_digests_of_the_lock_file_are_what_is_built_on_and_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digests = {image: f"sha256:{index:064}" for index, image in enumerate(base_images.needed(config.load("dev")))}
    monkeypatch.setattr(base_images, "read_lock", lambda: digests)
    found = given(tmp_path, source="codebuild")
    (project,) = [item for item in found["Images"]["Resources"].values() if item["Type"] == PROJECT]
    values = {item["Name"]: item["Value"] for item in project["Properties"]["Environment"]["EnvironmentVariables"]}
    assert values["TRAINING_IMAGE"].endswith(f"/pytorch@sha256:{1:064}")
    assert values["PYTHON_IMAGE"] == f"public.ecr.aws/docker/library/python@sha256:{2:064}"
    (machine,) = [
        item for item in found["Training"]["Resources"].values() if item["Type"] == "AWS::StepFunctions::StateMachine"
    ]
    image = machine["Properties"]["DefinitionSubstitutions"]["TrainingImage"]
    assert image.endswith(f"/pytorch@sha256:{0:064}")


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_repositories_go_with_their_images(environment: str) -> None:
    """In prod too: their names are fixed, so what stayed would block the next deploy."""
    found = resources(environment, "AWS::ECR::Repository").values()
    assert {(item["DeletionPolicy"], item["UpdateReplacePolicy"]) for item in found} == {("Delete", "Delete")}
    assert all(item["Properties"]["EmptyOnDelete"] for item in found)
    names = {item["Properties"]["RepositoryName"] for item in found}
    assert names == {f"kennel-{environment}/jobs", f"kennel-{environment}/serving"}


def test_docker_images_are_assets_of_both_targets(tmp_path: Path) -> None:
    given(tmp_path, source="docker")
    assets = json.loads((tmp_path / "Kennel-Dev-Images.assets.json").read_text())["dockerImages"]
    sources = [item["source"] for item in assets.values()]
    assert {item["dockerBuildTarget"] for item in sources} == {"jobs", "serving"}
    assert all(item["dockerOutputs"] == ["type=docker"] for item in sources)
    assert all(set(item["dockerBuildArgs"]) == {"TRAINING_IMAGE", "PYTHON_IMAGE"} for item in sources)


def test_the_build_context_contains_what_the_dockerfile_copies(tmp_path: Path) -> None:
    given(tmp_path, source="docker")
    context = tmp_path / "staging" / "Kennel-Dev-Images" / "images"
    lines = (context / "Dockerfile").read_text().replace("\\\n", "").splitlines()
    copied = [
        name for line in lines if line.startswith("COPY ") and "--from" not in line for name in line.split()[1:-1]
    ]
    assert copied and all((context / name).exists() for name in copied)


def test_the_build_context_contains_nothing_else(tmp_path: Path) -> None:
    """Training code in it would make a new serving image, and a rollout, of every change."""
    given(tmp_path, source="docker")
    context = tmp_path / "staging" / "Kennel-Dev-Images" / "images"
    names = {path.relative_to(context).as_posix() for path in context.rglob("*") if path.is_file()}
    assert {"Dockerfile", "serve.py", "requirements-jobs.lock", "imgcls/contract/keys.py"} <= names
    assert not names & {"train.py", "evaluate.py"}
    assert not [name for name in names if name.startswith("imgcls/training")]
