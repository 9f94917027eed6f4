"""The upgrade from the last release: what would lose something is found, and only that."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from checks import upgrade
from checks.assembly import Assembly
from tests.stacks.assemblies import assembly

Templates = dict[str, Any]
STORAGE = "Kennel-Prod-Storage"


@pytest.fixture(scope="module")
def prod() -> Assembly:
    return Assembly.load(assembly("prod"))


def changed(prod: Assembly, change: Callable[[Templates], None]) -> list[str]:
    templates = copy.deepcopy(dict(prod.templates))
    change(templates)
    return [sentence for _, sentence in upgrade.losses(upgrade.record(prod), Assembly(templates))]


def find(templates: Templates, stack: str, kind: str) -> tuple[str, dict[str, Any]]:
    return next((name, item) for name, item in templates[stack]["Resources"].items() if item["Type"] == kind)


def test_the_same_templates_lose_nothing(prod: Assembly) -> None:
    assert changed(prod, lambda templates: None) == []


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_the_last_release_can_be_upgraded(environment: str) -> None:
    assert upgrade.findings(environment, Assembly.load(assembly(environment)), upgrade.RELEASES) == []


def test_another_logical_id_would_remove_a_bucket(prod: Assembly) -> None:
    def rename(templates: Templates) -> None:
        name, bucket = find(templates, STORAGE, "AWS::S3::Bucket")
        del templates[STORAGE]["Resources"][name]
        templates[STORAGE]["Resources"]["Renamed"] = bucket

    [sentence] = changed(prod, rename)
    assert "(AWS::S3::Bucket) is gone: an update would remove it" in sentence


def test_a_name_that_is_given_would_replace_the_bucket(prod: Assembly) -> None:
    def name_it(templates: Templates) -> None:
        find(templates, STORAGE, "AWS::S3::Bucket")[1]["Properties"]["BucketName"] = "photos"

    [sentence] = changed(prod, name_it)
    assert sentence.endswith("has another BucketName (None -> 'photos'): an update would replace it")


def test_a_property_inside_another_counts(prod: Assembly) -> None:
    def other_key(templates: Templates) -> None:
        repository = find(templates, "Kennel-Prod-Images", "AWS::ECR::Repository")[1]["Properties"]
        repository["EncryptionConfiguration"]["KmsKey"] = "arn:aws:kms:us-east-1:111122223333:key/other"

    [sentence] = changed(prod, other_key)
    assert "has another EncryptionConfiguration" in sentence


def test_another_type_would_replace_it(prod: Assembly) -> None:
    def retype(templates: Templates) -> None:
        find(templates, STORAGE, "AWS::S3::Bucket")[1]["Type"] = "AWS::SNS::Topic"

    [sentence] = changed(prod, retype)
    assert "was AWS::S3::Bucket and is AWS::SNS::Topic" in sentence


def test_a_change_in_place_loses_nothing(prod: Assembly) -> None:
    def relax(templates: Templates) -> None:
        bucket = find(templates, STORAGE, "AWS::S3::Bucket")[1]["Properties"]
        bucket["VersioningConfiguration"] = {"Status": "Suspended"}
        find(templates, STORAGE, "AWS::KMS::Key")[1]["Properties"]["EnableKeyRotation"] = False

    assert changed(prod, relax) == []


def released(folder: Path, prod: Assembly, permitted: dict[str, str]) -> Path:
    resources = {"Old/Bucket": {"type": "AWS::S3::Bucket", "fixed": {}}, **upgrade.record(prod)}
    (folder / "prod.json").write_text(json.dumps({"release": "1", "resources": resources}))
    (folder / "permitted.json").write_text(json.dumps({"prod": permitted}))
    return folder


def test_a_loss_needs_a_permission_and_a_permission_a_loss(prod: Assembly, tmp_path: Path) -> None:
    assert upgrade.findings("prod", prod, released(tmp_path, prod, {"Old/Bucket": "was never filled"})) == []
    [unpermitted] = upgrade.findings("prod", prod, released(tmp_path, prod, {}))
    assert unpermitted.startswith("Old/Bucket (AWS::S3::Bucket) is gone")
    found = upgrade.findings("prod", prod, released(tmp_path, prod, {"Old/Bucket": "why", "Other": "why"}))
    assert found == ["Other is permitted in permitted.json, and nothing happens to it: take it out"]


def test_the_command_writes_a_record_and_compares_with_it(
    prod: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(upgrade, "RELEASES", tmp_path)
    assert upgrade.main(["--record", "9.9.9", str(assembly("prod"))]) == 0
    assert json.loads((tmp_path / "prod.json").read_text())["release"] == "9.9.9"
    (tmp_path / "permitted.json").write_text("{}")
    assert upgrade.main([str(assembly("prod"))]) == 0
    assert upgrade.main([str(tmp_path)]) == 1
    assert "does not contain templates" in capsys.readouterr().err
