"""`kennel preflight` as it is typed: against the local cloud, and where credentials are missing or others'."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError, ProfileNotFound
from rich.console import Console
from typer.testing import CliRunner

from kennel.cli.app import app
from kennel.cli.finding_lines import print_result
from kennel.cloud import session as sessions
from kennel.errors import KennelError
from kennel.preflight import checks, never_run, report, run
from kennel.preflight.finding import Level, error, ok
from kennel.preflight.run import Result
from localcloud.pytest_plugin import local_cloud, local_cloud_images
from tests.local_records import record_of

__all__ = ["local_cloud", "local_cloud_images"]


@pytest.fixture
def connected(local_cloud, monkeypatch, tmp_path) -> None:
    record = record_of(local_cloud)
    monkeypatch.setattr(sessions.local_record, "require", lambda: record)
    monkeypatch.setenv("KENNEL_HOME", str(tmp_path))


def preflight(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["preflight", *arguments])


def test_the_local_cloud_answers_what_it_emulates_and_names_what_it_does_not(connected, local_cloud) -> None:
    result = preflight("--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    levels = {item["check"]: {finding["level"] for finding in item["findings"]} for item in found["checks"]}
    assert set(levels) == {check.id for check in (*checks.MACHINE, *checks.PROJECT, *checks.ACCOUNT)}
    for check in ("project", "synth", "credentials", "bootstrap", "quota-pace", "quotas", "definition", "policies"):
        assert levels[check] == {"ok"}, found["checks"]
    assert levels["region"] == {"not checkable"}, found["checks"]
    # What is not deployed cannot be imported from; the first stack imports nothing.
    assert levels["change-sets"] == {"ok", "not checkable"}
    assert found["settled"] == [], "the local cloud proves nothing about AWS"
    assert {row["id"] for row in found["open"]} == {row.id for row in never_run.rows()}
    stacks = local_cloud.cloud.client("cloudformation").describe_stacks()["Stacks"]
    assert [stack["StackName"] for stack in stacks] == ["CDKToolkit"], "a shell of a stack stayed"


def without_synth(monkeypatch) -> None:
    """What is said of the templates has its own test."""
    monkeypatch.setattr(checks, "PROJECT", tuple(check for check in checks.PROJECT if check.id != "synth"))


@pytest.mark.parametrize(
    ("failure", "sentence"),
    [
        (NoCredentialsError(), "there are no AWS credentials: log in"),
        (ProfileNotFound(profile="away"), "the credentials cannot be used, log in again"),
        (KennelError("the credentials are of account 999999999999"), "the credentials are of account 999999999999"),
    ],
)
def test_without_credentials_everything_else_is_checked_all_the_same(monkeypatch, failure, sentence) -> None:
    def missing(environment: str) -> None:
        raise failure

    monkeypatch.setattr(run, "Session", missing)
    without_synth(monkeypatch)
    result = preflight("--env", "dev", "--json")
    assert result.exit_code == 1
    found = {item["check"]: item["findings"] for item in json.loads(result.stdout)["checks"]}
    assert list(found) == [check.id for check in (*checks.MACHINE, *checks.PROJECT, *checks.ACCOUNT)]
    first, *others = checks.ACCOUNT
    assert [item["level"] for item in found[first.id]] == ["error"] and sentence in found[first.id][0]["sentence"]
    for check in (*checks.MACHINE, *checks.PROJECT):
        assert "not checkable" not in {item["level"] for item in found[check.id]}, found[check.id]
    for check in others:
        (finding,) = found[check.id]
        assert finding["level"] == "not checkable" and "once the credentials above are right" in finding["sentence"]


def test_nothing_is_settled_without_credentials(monkeypatch) -> None:
    monkeypatch.setattr(run, "Session", lambda environment: (_ for _ in ()).throw(NoCredentialsError()))
    without_synth(monkeypatch)
    assert json.loads(preflight("--env", "dev", "--json").stdout)["settled"] == []


def test_the_credentials_of_another_account_are_reported_without_their_number(monkeypatch) -> None:
    def refuse(environment: str) -> None:
        raise KennelError("the credentials are of account 999999999999")

    monkeypatch.setattr(run, "Session", refuse)
    without_synth(monkeypatch)
    result = preflight("--env", "dev", "--report", "-")
    assert result.exit_code == 1
    assert "| `credentials` | ERROR | the credentials are of account <account> |" in result.output


def test_a_report_has_nothing_that_must_not_be_pasted() -> None:
    sentence = (
        "arn:aws:iam::111122223333:role/x and arn:aws:sts::111122223333:assumed-role/Admin/jane.doe@example.com, "
        "cdk-hnb659fds-assets-111122223333-us-east-1, AKIAABCDEFGHIJKLMNOP"
    )
    text = report.render("dev", "us-east-1", [Result("a", "b", (error(sentence),))], {"iam-simulated"}, [])
    for secret in ("111122223333", "jane.doe", "example.com", "AKIA"):
        assert secret not in text
    assert "arn:aws:iam::<account>:role/x" in text and "Settled rows of docs/never-run.md: iam-simulated" in text


def test_a_row_is_settled_only_when_its_check_is_all_ok() -> None:
    good, mixed = (
        Result("d", "", (ok("a"),), "definition-accepted"),
        Result("s", "", (ok("a"), error("b")), "stock-image"),
    )
    assert run.settled_free([good, mixed]) == {"definition-accepted"}


def test_the_checks_and_the_page_agree_on_who_settles_what() -> None:
    settled = {check.settles for check in checks.ACCOUNT if check.settles}
    assert settled == {row.id for row in never_run.rows() if row.settled_by == never_run.FREE}


def test_what_fails_for_one_check_does_not_end_the_others(connected, monkeypatch) -> None:
    def broken(subject: Any):
        from botocore.exceptions import ClientError

        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetRole")
        yield

    check = checks.Check("broken", "", broken)
    monkeypatch.setattr(checks, "ACCOUNT", (checks.ACCOUNT[0], check, checks.ACCOUNT[1]))
    without_synth(monkeypatch)
    *_, denied, last = run.run("local")
    assert [finding.level for finding in denied.findings] == [Level.UNKNOWN]
    assert "may not call GetRole" in denied.findings[0].sentence and last.check == "bootstrap"


def test_every_id_of_a_check_has_a_space_after_it(capsys) -> None:
    for check in (*checks.MACHINE, *checks.PROJECT, *checks.ACCOUNT):
        print_result(Result(check.id, "", (ok("fine"),)), Console(width=80))
        assert capsys.readouterr().out.split()[0] == check.id
