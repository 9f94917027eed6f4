"""`python -m checks ASSEMBLY_DIR`: what it prints and how it exits."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from checks.__main__ import main
from tests.stacks.assemblies import assembly


def test_an_assembly_without_violations_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(assembly("prod"))]) == 0
    assert capsys.readouterr().out == ""


def test_a_violation_names_control_and_resource(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "assembly"
    folder.mkdir()
    for path in assembly("prod").glob("*.template.json"):
        shutil.copy(path, folder)
    path = folder / "Kennel-Prod-Studio.template.json"
    template = json.loads(path.read_text())
    name = next(n for n, item in template["Resources"].items() if item["Type"] == "AWS::SageMaker::Domain")
    template["Resources"][name]["Properties"]["AppNetworkAccessType"] = "PublicInternetOnly"
    path.write_text(json.dumps(template))
    assert main([str(folder)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"domain.vpc-only: Kennel-Prod-Studio/{name} must send all traffic through the private network"
    ]


def test_a_folder_without_templates_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 1
    assert "synthesize first" in capsys.readouterr().err


def test_an_assembly_of_another_app_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "Other.template.json").write_text(json.dumps({"Resources": {}}))
    assert main([str(tmp_path)]) == 1
    assert "which controls its environment requires" in capsys.readouterr().err


def test_a_missing_argument_prints_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert main(["a", "b"]) == 2
    assert capsys.readouterr().err == "usage: python -m checks ASSEMBLY_DIR\n" * 2


def test_the_folder_comes_from_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["checks", str(tmp_path)])
    assert main() == 1
