"""`kennel preflight --spend`: priced before, cleaned up after, and whole against the local cloud."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import boto3
import pytest
from typer.testing import CliRunner

from config.project_file.project import Project
from kennel.cli import preflight_spend
from kennel.cli.app import app
from kennel.cloud.local_record import LocalRecord
from kennel.errors import KennelError
from kennel.preflight import never_run
from kennel.preflight.finding import Level
from kennel.preflight.spend import price, project, run
from kennel.preflight.spend.steps import Step, clean_up, steps
from kennel.workspace import project as projects


@pytest.fixture
def smoke(tmp_path, monkeypatch) -> Any:
    """The configuration of the smoke environment of an environment of the clone."""
    monkeypatch.setenv("KENNEL_HOME", str(tmp_path))

    def make(environment: str) -> Any:
        config = projects.config(environment).model_copy(update={"account": "123456789012"})
        return Project.load(project.write(config)).config(project.ENVIRONMENT)

    return make


@pytest.mark.parametrize("environment", ["local", "rehearsal", "dev", "prod"])
def test_every_environment_has_its_smallest_one(smoke, environment: str) -> None:
    of, config = projects.config(environment), smoke(environment)
    compute = (config.preparation, config.training, config.evaluation, config.endpoint)
    assert {item.instance_type for item in compute} == {"ml.m5.large"}
    assert (config.cloud, config.region) == (of.cloud, of.region)
    assert config.images.source == ("uri" if of.cloud == "local" else of.images.source)
    assert config.endpoint.max_instances == 1 and not config.storage.retain
    assert config.pipeline.isolate, "a job with a way out would prove nothing"
    assert config.prefix != of.prefix
    assert 0.5 < price.at_most(config) < 5


def test_more_than_the_limit_is_refused_before_anything_is_made(smoke, monkeypatch) -> None:
    config = smoke("dev")
    with pytest.raises(KennelError, match=r"above --spend 0.5: give at least --spend 2"):
        price.require(config, 0.5)
    assert price.require(config, 2) == price.at_most(config)


class Steps:
    """Notes the steps; the one called `fails` raises."""

    def __init__(self, fails: str = "", error: BaseException | None = None) -> None:
        self.done: list[str] = []
        self.fails, self.error = fails, error or KennelError("it broke")

    def __call__(self, step: Step) -> None:
        self.done.append(step.title)
        if step.title == self.fails:
            raise self.error


def carry_out(config: Any, execute: Steps) -> tuple[list[str], list[str]]:
    """(settled rows, what was told)"""
    told: list[str] = []
    return list(run.run(config, execute, begin=lambda title: None, told=told.append)), told


def test_all_rows_that_the_page_says_are_settled(smoke) -> None:
    settled, told = carry_out(smoke("dev"), Steps())
    assert sorted(settled) == sorted(row.id for row in never_run.rows() if row.settled_by == never_run.SPEND)
    assert not told


@pytest.mark.parametrize("error", [KennelError("it broke"), KeyboardInterrupt()])
@pytest.mark.parametrize("fails", [step.title for step in steps(projects.config("dev"), Path("x"), "r")])
def test_it_is_destroyed_whatever_fails(smoke, fails: str, error: BaseException) -> None:
    execute = Steps(fails, error)
    with pytest.raises(type(error)):
        carry_out(smoke("dev"), execute)
    assert execute.done[-2:] == [step.title for step in clean_up("r")]
    assert execute.done[-3] == fails


def test_what_could_not_be_deleted_is_said_with_the_command(smoke, monkeypatch) -> None:
    smoke("dev")
    monkeypatch.setattr(preflight_spend.smoke, "Command", lambda path, log: Steps("destroy"))
    monkeypatch.setattr(preflight_spend.projects, "config", projects.config)
    result, _ = preflight_spend.run("local", 5, quiet=True)
    (finding,) = result.findings
    assert finding.level is Level.ERROR
    assert "run `kennel destroy --yes --env smoke --project" in finding.sentence


def test_a_command_that_fails_is_told_with_its_last_lines(tmp_path) -> None:
    command = run.Command(tmp_path / "kennel.yaml", tmp_path / "log")
    with pytest.raises(
        KennelError, match=r"draw: exit code 1; log: .*\n(.*\n)*.*is\s+not\s+empty:\s+give\s+a\s+new\s+folder"
    ):
        command(Step("draw", ("data", "sample", str(tmp_path)), cloud=False))


def test_an_interrupted_command_leaves_no_process(tmp_path) -> None:
    script = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(600)'])"
    code = (
        "import sys; from pathlib import Path; from kennel.preflight.spend import run\n"
        f"run._run([sys.executable, '-c', {script!r}], open({str(tmp_path / 'log')!r}, 'w'))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while len(_descendants(process.pid)) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    below = _descendants(process.pid)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30)
    while any(Path(f"/proc/{pid}").exists() for pid in below):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _descendants(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    own = [int(item) for item in children.read_text().split()] if children.exists() else []
    return own + [item for child in own for item in _descendants(child)]


@pytest.mark.slow
@pytest.mark.e2e
def test_the_whole_run_in_the_local_cloud(tmp_path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment["KENNEL_HOME"] = str(tmp_path)

    def kennel(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "kennel", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert kennel("local", "up", "--port", "0").returncode == 0
    try:
        done = kennel("preflight", "--spend", "5", "--json")
        log = tmp_path / "smoke" / "kennel-local" / "smoke.log"
        assert done.returncode == 0, done.stdout + done.stderr + (log.read_text() if log.exists() else "")
        spend = json.loads(done.stdout)["checks"][-1]
        assert spend["check"] == "spend" and [item["level"] for item in spend["findings"]] == ["ok"]
        record = LocalRecord(**json.loads((tmp_path / "local.json").read_text()))
        keys = record.credentials()
        client = boto3.client("cloudformation", region_name="us-east-1", endpoint_url=record.url, **keys)
        assert [stack["StackName"] for stack in client.describe_stacks()["Stacks"]] == ["CDKToolkit"]
    finally:
        kennel("local", "down")


def test_errors_of_the_free_checks_keep_it_from_starting(monkeypatch) -> None:
    def refuse(environment: str) -> None:
        raise KennelError("not this account")

    started: list[str] = []
    monkeypatch.setattr("kennel.preflight.run.Session", refuse)
    monkeypatch.setattr(preflight_spend, "run", lambda *arguments, **options: started.append("run"))
    assert CliRunner().invoke(app, ["preflight", "--env", "dev", "--spend", "5"]).exit_code == 1
    assert not started
