"""`python -m checks.all`: each environment is synthesized, linted and checked, and any finding fails."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from checks import all as checks_all


class Commands:
    """In place of processes: synthesis leaves two templates; remembers what was called, and finds what it is told."""

    def __init__(self, **findings: str) -> None:
        self.findings, self.calls = findings, []

    def __call__(self, command: list[str], **variables: str) -> str:
        self.calls.append((command, variables))
        if "app.py" not in command:
            kind = "lint" if Path(command[0]).name == "cfn-lint" else command[2].rpartition(".")[2]
            return self.findings.get(kind, "")
        for name in ("B", "A"):
            Path(variables["CDK_OUTDIR"]).mkdir(exist_ok=True)
            (Path(variables["CDK_OUTDIR"]) / f"{name}.template.json").touch()
        return self.findings.get("synth", "")


def test_an_environment_is_synthesized_with_the_projects_flags_and_then_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, commands = tmp_path / "dev", Commands()
    folder.mkdir()
    (folder / "left-over.template.json").touch()
    monkeypatch.setattr(checks_all, "run", commands)
    assert checks_all.check("dev", folder) == ""
    calls = {tuple(command[1:3]): (command, variables) for command, variables in commands.calls}
    synth, variables = commands.calls[0]
    (lint, _) = next(call for call in commands.calls if Path(call[0][0]).name == "cfn-lint")
    (check, _), (upgrade, _) = calls["-m", "checks"], calls["-m", "checks.upgrade"]
    assert synth == [sys.executable, "app.py"] and variables["CDK_OUTDIR"] == str(folder)
    flags = json.loads((checks_all.ROOT / "cdk.json").read_text())["context"]
    assert json.loads(variables["CDK_CONTEXT_JSON"]) == {**flags, "env": "dev"}
    templates = [str(folder / f"{name}.template.json") for name in ("A", "B")]
    assert lint[1:] == ["--config-file", str(checks_all.ROOT / ".cfnlintrc.yaml"), "--template", *templates]
    assert Path(lint[0]).name == "cfn-lint"
    assert check == [sys.executable, "-m", "checks", str(folder)]
    assert upgrade == [sys.executable, "-m", "checks.upgrade", str(folder)]


def test_what_does_not_synthesize_is_not_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = Commands(synth="it broke", lint="unseen")
    monkeypatch.setattr(checks_all, "run", commands)
    assert checks_all.check("dev", tmp_path / "dev") == "it broke"
    assert len(commands.calls) == 1


def test_findings_of_linter_and_controls_are_both_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks_all, "run", Commands(lint="E1 ", checks="a.control ", upgrade="lost"))
    assert checks_all.check("dev", tmp_path / "dev") == "E1 a.control lost"


def test_the_local_cloud_has_no_release_to_upgrade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks_all, "run", Commands(upgrade="lost"))
    assert checks_all.check("local", tmp_path / "local") == ""


def main(monkeypatch: pytest.MonkeyPatch, *arguments: str, **findings: str) -> tuple[int, dict[str, Path]]:
    """Exit status, and where each environment was left."""
    left: dict[str, Path] = {}

    def check(environment: str, folder: Path) -> str:
        left[environment] = folder
        return findings.get(environment, "")

    monkeypatch.setattr(checks_all, "check", check)
    return checks_all.main(arguments), left


def test_one_finding_in_one_environment_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(monkeypatch, str(tmp_path), prod="a.control: X must be so")[0] == 1
    out, err = capsys.readouterr()
    assert [line.partition(":")[0] for line in out.splitlines()] == ["local", "dev", "prod"]
    assert [line.endswith(": findings") for line in out.splitlines()] == [False, False, True]
    assert err == "a.control: X must be so\n"
    assert main(monkeypatch, str(tmp_path))[0] == 0
    assert capsys.readouterr().err == ""


def test_assemblies_are_left_in_the_folder_that_is_named_or_below_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    named = {name: tmp_path / "here" / name for name in ("local", "dev", "prod")}
    assert main(monkeypatch, "here")[1] == named
    assert main(monkeypatch)[1] == {name: checks_all.ROOT / "out" / "checks" / name for name in named}


def test_a_command_that_fails_is_told_with_all_that_it_printed() -> None:
    script = "import os, sys; print(os.environ['A']); print(os.getcwd(), file=sys.stderr); sys.exit({})"
    assert checks_all.run([sys.executable, "-c", script.format(0)], A="a") == ""
    found = checks_all.run([sys.executable, "-c", script.format(3)], A="a")
    assert sorted(found.splitlines()) == sorted(["a", str(checks_all.ROOT)])
