"""What the preflight says before anybody logs in: the project file, the table of images, the templates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import config
from config import regions
from kennel.errors import KennelError
from kennel.preflight import project
from kennel.preflight.finding import Finding, Level
from kennel.preflight.project import Templates
from tests.stacks.assemblies import assembly


def templates(environment: str = "dev", **changes: Any) -> Templates:
    return Templates(config.load(environment).model_copy(update=changes))


def only(found: Any, level: Level = Level.OK) -> str:
    (finding,) = found
    assert isinstance(finding, Finding) and finding.level is level, finding
    return finding.sentence


def test_a_project_file_that_says_its_account() -> None:
    said = only(project.settings(templates(account="111122223333", region="eu-central-1")))
    assert said == "environment dev is right: preset small, eu-central-1"


def test_an_account_that_is_not_said_is_warned_of() -> None:
    _, warned = project.settings(templates(account=None))
    assert warned.level is Level.WARNING
    assert "environments.dev does not say its account: add `account`" in warned.sentence


def test_the_image_that_trainings_run_in_is_in_the_table() -> None:
    made = templates(region="eu-central-1")
    version = made.config.images.pytorch_version
    assert f"PyTorch {version} in eu-central-1, of account 763104351884" in only(project.stock_image(made))


def test_a_given_image_needs_no_table() -> None:
    assert "takes the place" in only(project.stock_image(templates("local", region="mars-east-1")))


def test_the_templates_and_a_type_that_the_region_lacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project.assembly, "write", lambda config, variables: assembly("dev"))
    assert "the templates are synthesized, with" in only(project.synthesis(templates()))
    monkeypatch.setitem(regions.NOT_IN, "AWS::S3::Bucket", frozenset(["us-east-1"]))
    warned, _ = project.synthesis(templates())
    assert warned.level is Level.WARNING
    assert "us-east-1 lacked AWS::S3::Bucket when Kennel was released" in warned.sentence


def test_templates_are_made_once_and_without_anybodys_credentials(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_PROFILE", "somebody")
    given: list[dict[str, str]] = []
    monkeypatch.setattr(project.assembly, "write", lambda config, variables: given.append(variables) or tmp_path)
    made = templates()
    assert made.folder == made.folder == tmp_path
    (variables,) = given
    assert not {"AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"} & set(variables) and variables["PATH"]
    assert variables["AWS_EC2_METADATA_DISABLED"] == "true"


def test_a_synthesis_that_fails_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def fails(config: Any, variables: Any) -> Path:
        tried.append(config)
        raise KennelError("dev cannot be synthesized: see above")

    monkeypatch.setattr(project.assembly, "write", fails)
    made = templates()
    for _ in range(2):
        with pytest.raises(KennelError, match="cannot be synthesized"):
            list(project.synthesis(made))
    assert len(tried) == 1
