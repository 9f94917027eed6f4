"""The command's own manners: help on every verb, mistakes in one sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from kennel.cli.app import app
from kennel.cli.pipeline import _settings
from kennel.errors import KennelError
from kennel.runs import executions
from tests.pipeline.variants import variant


def verbs():
    def walk(command, path):
        if hasattr(command, "commands"):
            for name, child in command.commands.items():
                yield from walk(child, [*path, name])
        else:
            yield path

    return sorted(walk(get_command(app), []))


@pytest.mark.parametrize("verb", verbs(), ids=" ".join)
def test_every_verb_explains_itself(verb):
    result = CliRunner().invoke(app, [*verb, "--help"])
    assert result.exit_code == 0
    assert len(result.output.splitlines()) > 4


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["pipeline", "list"], "kennel local up"),
        (["deploy", "--env", "nowhere"], "choose from local, rehearsal,"),
        (["predict", "nothing.jpg"], "nothing.jpg does not exist or is not a file"),
        (["data", "sample", "/proc"], "not empty"),
        (["preflight", "--env", "nope"], "'nope' is not an environment"),
        (["preflight", "--report", "/nowhere/x"], "/nowhere/x cannot be written: /nowhere is not a folder"),
        (["preflight", "--report", "/proc"], "/proc cannot be written: it is a folder"),
        (
            ["bootstrap-policy", "--env", "dev", "--output", "/nowhere/p.json"],
            "/nowhere/p.json cannot be written: No such",
        ),
    ],
)
def test_a_mistake_is_one_sentence(arguments, sentence, tmp_path, monkeypatch):
    monkeypatch.setenv("KENNEL_HOME", str(tmp_path))
    done = subprocess.run([sys.executable, "-m", "kennel", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert sentence in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr
    assert not done.stdout


def test_instances_whose_traffic_would_not_be_encrypted_are_refused_before_a_run_starts():
    started = []
    machine = SimpleNamespace(start_execution=lambda **request: started.append(json.loads(request["input"])))
    clouds = {"client": lambda service: machine, "output": str}
    one, two = variant("dev"), variant("dev", training={"instance_count": 2})
    with pytest.raises(KennelError, match=r"instances is 3, and dev encrypts .* set it to 2 or more in kennel.yaml"):
        executions.start(SimpleNamespace(config=one, **clouds), models=[], instances=3)
    assert not started
    executions.start(SimpleNamespace(config=one, **clouds), models=[], instances=1)
    executions.start(SimpleNamespace(config=two, **clouds), models=[], instances=3)
    assert started == [{"instances": 1}, {"instances": 3}]


def test_settings_for_all_and_for_one():
    assert _settings(["lr=0.1", "b:epochs=3"], ["a", "b"]) == {"a": {"lr": 0.1}, "b": {"lr": 0.1, "epochs": 3}}


@pytest.mark.parametrize(
    ("item", "sentence"),
    [
        ("lr", "write it as"),
        ("speed=1", "not a hyperparameter"),
        ("lr=fast", "must be a number"),
        ("lr=99", "between"),
        ("c:lr=0.1", "c is not in the run"),
    ],
)
def test_wrong_settings_are_refused(item, sentence):
    with pytest.raises(KennelError, match=sentence):
        _settings([item], ["a", "b"])
