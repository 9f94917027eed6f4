"""`kennel synth --region`: the templates of another region, or one sentence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from config.base import ConfigError
from kennel.cli import stacks
from kennel.cli.app import app
from tests.stacks.assemblies import FLAGS, ROOT


def test_the_region_reaches_the_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []

    def cdk(arguments: list[str], **options: Any) -> int:
        started.append(arguments)
        return 0

    monkeypatch.setattr(stacks.clone, "cdk", cdk)
    done = CliRunner().invoke(app, ["synth", "--env", "dev", "--region", "cn-north-1", "--output", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert started == [["synth", "--quiet", "--context", "region=cn-north-1"]]
    CliRunner().invoke(app, ["synth", "--env", "dev", "--output", str(tmp_path)])
    assert started[1] == ["synth", "--quiet"]


@pytest.mark.parametrize(
    ("environment", "region", "sentence"),
    [
        ("dev", "mars-east-1", "region is mars-east-1, where AWS has no PyTorch training images: choose from"),
        ("dev", "Frankfurt", "region is 'Frankfurt'; it must be an AWS region such as eu-central-1"),
        ("local", "eu-west-1", "region is eu-west-1, and the local cloud has only us-east-1"),
    ],
)
def test_a_region_that_cannot_be_is_one_sentence(environment: str, region: str, sentence: str) -> None:
    done = CliRunner().invoke(app, ["synth", "--env", environment, "--region", region])
    assert isinstance(done.exception, ConfigError) and sentence in str(done.exception)


def test_the_app_takes_it_from_the_context() -> None:
    context = json.dumps({**FLAGS, "env": "dev", "region": "mars-east-1"})
    done = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={**os.environ, "CDK_CONTEXT_JSON": context},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1 and "region is mars-east-1" in done.stderr and "Traceback" not in done.stderr
