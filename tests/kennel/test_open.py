"""`kennel open`: reports are copied into a folder or rendered, and the console's addresses are right."""

from __future__ import annotations

import io
import json
import tarfile
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner

import config
from imgcls.contract import records
from kennel.cli import open as verbs
from kennel.errors import KennelError
from kennel.runs import executions, reports
from kennel.runs.executions import Run
from tests.imgcls.reports.pages import checked, write_records

PAGE = b"<!doctype html><p>page</p>"


class Deployed:
    """A deployed environment with an artifacts bucket by moto."""

    def __init__(self, environment: str = "dev") -> None:
        self.config = config.load(environment)
        self.s3 = boto3.client("s3", region_name="us-east-1")

    def client(self, service: str) -> Any:
        assert service == "s3"
        return self.s3

    def output(self, name: str) -> str:
        arn = "arn:aws:states:eu-west-1:123456789012:stateMachine:kennel-dev"
        return {"ArtifactsBucket": "artifacts", "StateMachineArn": arn}[name]


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    run = Run("r1", "arn", "SUCCEEDED", "2026-11-20T12:00:00+00:00", 90.0, {}, output={"manifest_id": "m1"})
    monkeypatch.setattr(executions, "describe", lambda session, name: run)
    monkeypatch.setattr(executions, "latest", lambda session: "r1")
    with mock_aws():
        made = Deployed()
        made.s3.create_bucket(Bucket="artifacts")
        monkeypatch.setattr(verbs, "Session", lambda environment: made)
        yield made


def put(session: Any, *keys: str, body: bytes = PAGE) -> None:
    for key in keys:
        session.s3.put_object(Bucket="artifacts", Key=key, Body=body)


def failed_job(folder: Path) -> bytes:
    """output.tar.gz as the service packs it."""
    folder.mkdir()
    write_records(folder, records.PROFILE_EXAMPLE, outcome="failed", reason="TrainingDiverged: the loss is nan")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for path in folder.iterdir():
            tar.add(path, path.name)
    return buffer.getvalue()


def test_reports_are_copied_with_their_pictures(session: Any, tmp_path: Path) -> None:
    put(session, "runs/r1/plan/plan.json", "runs/r1/dogs/reports/loss.png", "prepared/m1/reports/data-report.html")
    put(session, *(f"runs/r1/{m}/reports/{k}-report.html" for m in ("cats", "dogs") for k in ("training", "profiler")))
    found = reports.fetch(session, "r1", tmp_path)
    assert [(report.model, report.kind) for report in found] == [
        ("", "data"), ("cats", "training"), ("cats", "profiler"), ("dogs", "training"), ("dogs", "profiler"),
    ]  # fmt: skip
    assert all(report.path.read_bytes() == PAGE for report in found)
    assert (tmp_path / "dogs" / "loss.png").is_file() and not (tmp_path / "plan").exists()
    index = (tmp_path / "index.html").read_text()
    assert 'href="cats/training-report.html"' in index and 'href="data-report.html"' in index


def test_a_failed_training_is_rendered_from_its_records(session: Any, tmp_path: Path) -> None:
    put(session, "runs/r1/dogs/output/job-1/output/model.tar.gz")
    put(session, "runs/r1/dogs/output/job-1/output/output.tar.gz", body=failed_job(tmp_path / "records"))
    found = reports.fetch(session, "r1", tmp_path / "out", model="dogs")
    assert [report.kind for report in found] == ["training", "profiler"]
    assert "Error: The job failed: TrainingDiverged: the loss is nan" in checked(found[0].path.read_text())


def test_one_kind_of_one_model(session: Any, tmp_path: Path) -> None:
    put(session, *(f"runs/r1/{model}/reports/training-report.html" for model in ("cats", "dogs")))
    (found,) = reports.fetch(session, "r1", tmp_path, model="cats", kinds=("training",))
    assert found.path == tmp_path / "cats" / "training-report.html"
    with pytest.raises(KennelError, match="r1 does not have a model birds; its models are cats, dogs"):
        reports.fetch(session, "r1", tmp_path, model="birds")
    with pytest.raises(KennelError, match=r"r1 \(SUCCEEDED\) has no evaluation report of cats"):
        reports.fetch(session, "r1", tmp_path, model="cats", kinds=("evaluation",))


def test_the_command_prints_paths_and_opens_one_page(
    session: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(session, *(f"runs/r1/dogs/reports/{kind}-report.html" for kind in ("training", "profiler")))
    opened: list[str] = []

    def open_page(url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr(webbrowser, "open", open_page)
    for more, page in (((), "index.html"), (("--kind", "profiler"), "dogs/profiler-report.html")):
        result = CliRunner().invoke(verbs.app, ["report", "--output", str(tmp_path), *more])
        assert result.exit_code == 0, result.output
        assert opened.pop() == (tmp_path / page).as_uri()
    result = CliRunner().invoke(verbs.app, ["report", "--output", str(tmp_path), "--json"])
    assert json.loads(result.output) == [
        str(tmp_path / f"dogs/{kind}-report.html") for kind in ("training", "profiler")
    ]
    assert not opened


@pytest.mark.parametrize(
    ("arguments", "url"),
    [
        (
            ["dashboard", "training"],
            "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#dashboards/dashboard/{}-training",
        ),
        (
            ["console"],
            "https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/statemachines/view/"
            "arn:aws:states:eu-west-1:123456789012:stateMachine:kennel-dev",
        ),
        (
            ["console", "r1"],
            "https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/"
            "arn:aws:states:eu-west-1:123456789012:execution:kennel-dev:r1",
        ),
    ],
)
def test_pages_of_the_console(session: Any, arguments: list[str], url: str) -> None:
    result = CliRunner().invoke(verbs.app, [*arguments, "--env", "dev", "--no-browser"])
    assert result.output.strip() == url.format(session.config.prefix)


def test_the_local_cloud_says_that_it_has_no_console(session: Any) -> None:
    for verb in ("dashboard", "console"):
        result = CliRunner().invoke(verbs.app, [verb])
        assert isinstance(result.exception, KennelError) and "`kennel open report`" in str(result.exception)
