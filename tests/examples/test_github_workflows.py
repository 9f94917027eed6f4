"""The workflows of examples/github_actions call commands that exist, and ask for a token where they need one."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from kennel.cli.app import app
from kennel.cli.diff_words import to_json
from kennel.workspace.clone import ROOT

FOLDER = ROOT / "examples" / "github_actions"
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text()) for path in FOLDER.glob("*.yml")}
JOBS = [(workflow, name) for workflow, document in WORKFLOWS.items() for name in document["jobs"]]
PINS = {
    "actions/checkout": "3d3c42e5aac5ba805825da76410c181273ba90b1",
    "actions/setup-python": "5fda3b95a4ea91299a34e894583c3862153e4b97",
    "aws-actions/configure-aws-credentials": "e6de054238d6b7531b4efff3b6587d9aade6a06c",
    "actions/upload-artifact": "bbbca2ddaa5d8feaa63e36b76fdaad77386f024f",
    "actions/download-artifact": "3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c",
}

PROMOTION = json.dumps(
    {"model": "cats", "version": "v1", "accuracy": 0.9, "num_images": 2, "sha256": "a" * 64, "digest": "b" * 64}
)


def steps(workflow: str, job: str) -> list[dict[str, Any]]:
    return WORKFLOWS[workflow]["jobs"][job]["steps"]


def commands(workflow: str, job: str) -> list[list[str]]:
    """Every `kennel ...` of a job, as the shell would call it with all its optional parts."""
    found = []
    for line in "\n".join(step.get("run", "") for step in steps(workflow, job)).split("\n"):
        if line.startswith("kennel "):
            text = re.sub(r"\$\{\w+:\+([^}]*)\}", r"\1", line)
            words = shlex.split(text)
            ends = [index for index, word in enumerate(words) if word in (">", "||", "|", "&&")]
            found.append(words[1 : min(ends, default=len(words))])
    return found


@pytest.mark.parametrize(("workflow", "job"), JOBS)
def test_every_command_is_one_that_the_command_line_takes(workflow: str, job: str) -> None:
    found = commands(workflow, job)
    assert found, "a job that calls no command needs no clone"
    for words in found:
        parse(words)


def parse(words: list[str]) -> dict[str, Any]:
    """The parameters of a command. Raises click's UsageError for what it does not know; runs nothing."""
    command: Any = typer.main.get_command(app)
    context = command.make_context("kennel", list(words))
    while hasattr(command, "resolve_command"):
        rest = [*context._protected_args, *context.args]
        name, command, rest = command.resolve_command(context, rest)
        context = command.make_context(name, rest, parent=context)
    return context.params


def test_a_renamed_option_or_command_would_be_noticed() -> None:
    for words in (["diff", "--template-only"], ["model", "take"], ["models", "taken", "x"]):
        with pytest.raises(Exception, match=r"No such (option|command)"):
            parse(words)


def test_prod_is_deployed_by_the_hash_of_the_diff_that_was_shown() -> None:
    [*_, [*_, approved]] = commands("kennel", "deploy-prod")
    assert approved == "$(jq -r .hash reviewed/diff.json)"
    [shown] = commands("kennel", "diff")
    assert parse(shown)["as_json"] and parse(shown)["templates_only"]
    assert to_json([], [], "0123", [], "dev")["hash"] == "0123"
    assert WORKFLOWS["kennel"]["jobs"]["deploy-prod"]["environment"] == "prod"


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_a_deploy_is_preceded_by_a_preflight_with_the_same_credentials(environment: str) -> None:
    job = f"deploy-{environment}"
    before, deploy = commands("kennel", job)
    assert (before[0], deploy[0]) == ("preflight", "deploy")
    assert parse(before)["env"] == parse(deploy)["env"] == environment
    roles = [index for index, step in enumerate(steps("kennel", job)) if "configure-aws" in step.get("uses", "")]
    runs = [index for index, step in enumerate(steps("kennel", job)) if "run" in step]
    assert roles < runs, "the first command has the role"


def test_a_promotion_hands_the_digest_from_job_to_job(tmp_path: Path) -> None:
    job = WORKFLOWS["promote"]["jobs"]["promote"]
    assert job["environment"] == "prod" and job["needs"] == "take"
    [words] = commands("promote", "promote")
    assert parse(words)["sha256"] == "$DIGEST" and parse(words)["wait"]
    [env] = [step["env"] for step in job["steps"] if "env" in step]
    assert env["DIGEST"] == "${{ needs.take.outputs.digest }}"
    assert WORKFLOWS["promote"]["jobs"]["take"]["outputs"] == {"digest": "${{ steps.take.outputs.digest }}"}
    done = shell("promote", "take", tmp_path, PROMOTION, MODEL="cats", VERSION="", EXPECTED="a" * 64)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "output").read_text() == f"digest={'b' * 64}\n"
    assert "b" * 64 in (tmp_path / "summary").read_text()
    other = shell("promote", "take", tmp_path, PROMOTION, MODEL="cats", VERSION="", EXPECTED="c" * 64)
    assert other.returncode == 1 and f"has the SHA-256 {'a' * 64}, not {'c' * 64}" in other.stdout


@pytest.mark.parametrize("name", ["--output", "-x", "", "cats dogs", "cats\n--env", "../cats"])
def test_what_cannot_be_the_name_of_a_model_reaches_no_command(name: str, tmp_path: Path) -> None:
    done = shell("promote", "take", tmp_path, PROMOTION, MODEL=name, VERSION="", EXPECTED="")
    assert done.returncode == 1 and "::error::a model's name" in done.stdout
    assert not (tmp_path / "called").exists()


@pytest.mark.parametrize(("code", "ends"), [(0, 0), (1, 1), (2, 0)])
def test_the_summary_of_a_diff_is_written_whatever_its_exit_code(code: int, ends: int, tmp_path: Path) -> None:
    printed = json.dumps(to_json([], [], "0123", [], "dev"))
    done = shell("kennel", "diff", tmp_path, printed, "Serving uses an export", code, ENVIRONMENT="dev")
    assert done.returncode == ends and "Serving uses an export" in done.stderr
    summary = (tmp_path / "summary").read_text()
    assert "hash of the diff `0123`" in summary and ("Serving uses an export" in summary) == bool(ends)


def test_a_diff_that_failed_before_it_printed_gives_its_reason(tmp_path: Path) -> None:
    done = shell("kennel", "diff", tmp_path, "", "no credentials", 1, ENVIRONMENT="dev")
    assert done.returncode == 1 and "no credentials" in (tmp_path / "summary").read_text()


def shell(
    workflow: str, job: str, folder: Path, stdout: str, stderr: str = "", code: int = 0, **env: str
) -> subprocess.CompletedProcess[str]:
    """A job's one step with variables, as GitHub runs it on Linux; `kennel` prints and ends as given."""
    if not shutil.which("jq"):
        pytest.skip("needs jq, which GitHub's machines have")
    [script] = [step["run"] for step in steps(workflow, job) if "run" in step and "env" in step]
    kennel = f"touch called; printf '%s' {shlex.quote(stdout)}; echo {shlex.quote(stderr)} >&2; return {code}"
    files = {"GITHUB_STEP_SUMMARY": str(folder / "summary"), "GITHUB_OUTPUT": str(folder / "output")}
    return subprocess.run(
        ["bash", "-e", "-c", f"kennel() {{ {kennel}; }}\n{script}"],
        cwd=folder, env={**os.environ, **files, **env}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_deploy_that_waits_for_a_reviewer_holds_up_its_own_environment_alone() -> None:
    document = WORKFLOWS["kennel"]
    for environment in ("dev", "prod"):
        group = document["jobs"][f"deploy-{environment}"]["concurrency"]
        assert group == {"group": f"kennel-{environment}", "cancel-in-progress": False}
    assert document["concurrency"] == {
        "group": "kennel-${{ github.event.pull_request.number || github.run_id }}",
        "cancel-in-progress": "${{ github.event_name == 'pull_request' }}",
    }


def test_every_action_is_pinned_to_its_commit() -> None:
    action = yaml.safe_load((FOLDER / "setup" / "action.yml").read_text())["runs"]["steps"]
    used = [step["uses"] for step in [*action, *(s for pair in JOBS for s in steps(*pair))] if "uses" in step]
    assert used
    for name, _, commit in (use.partition("@") for use in used if use != "./.github/actions/setup"):
        assert PINS[name] == commit


@pytest.mark.parametrize(("workflow", "job"), JOBS)
def test_only_a_job_that_takes_a_role_may_ask_for_a_token(workflow: str, job: str) -> None:
    roles = [step["with"]["role-to-assume"] for step in steps(workflow, job) if "configure-aws" in step.get("uses", "")]
    permissions = WORKFLOWS[workflow]["jobs"][job].get("permissions", WORKFLOWS[workflow]["permissions"])
    assert (permissions.get("id-token") == "write") == bool(roles)
    assert set(permissions) <= {"contents", "id-token"} and permissions["contents"] == "read"


def test_a_pull_request_gets_the_role_that_reads_and_one_from_a_fork_none() -> None:
    jobs = WORKFLOWS["kennel"]["jobs"]
    assert "permissions" not in jobs["check"]
    assert jobs["diff"]["if"].endswith("github.event.pull_request.head.repo.full_name == github.repository")
    for name in ("deploy-dev", "deploy-prod"):
        assert jobs[name]["if"] == "github.event_name == 'push'"
    [role] = [step["with"]["role-to-assume"] for step in steps("kennel", "diff") if "role-to-assume" in str(step)]
    assert "REVIEW_ROLE" in role
