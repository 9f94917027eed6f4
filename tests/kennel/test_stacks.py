"""`kennel deploy` and `kennel diff` in a strict environment: what is asked, and what a hash stands for."""

from __future__ import annotations

import gzip
import json
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from checks.assembly import Assembly
from kennel.cli import stacks
from kennel.cli.app import app
from kennel.cloud import diff
from kennel.cloud.change_sets import Change, Plan
from kennel.cloud.diff import Severity
from kennel.cloud.exports import Conflict
from kennel.errors import KennelError
from kennel.workspace import clone, project
from tests.stacks.assemblies import assembly


class Cli:
    """Records how the CDK CLI is called."""

    def __init__(self) -> None:
        self.calls: list[tuple[list[str], bool]] = []

    def __call__(self, session: Any, arguments: list[str], *, synthesized: bool = False, quiet: bool = False) -> int:
        self.calls.append((arguments, synthesized))
        return 0


def reachable(environment: str) -> Any:
    """An environment of the clone, whose alarms somebody hears: a deploy refuses the example's address."""
    config = project.config(environment)
    return config.model_copy(update={"notify": ("ml@company.com",)}) if config.notify else config


@pytest.fixture
def cli(monkeypatch) -> Cli:
    made = Cli()
    monkeypatch.setattr(stacks, "run_cdk", made)
    monkeypatch.setattr(stacks, "Session", lambda env: SimpleNamespace(config=reachable(env)))
    monkeypatch.setattr(stacks.assembly, "synthesize", lambda session: ())
    monkeypatch.setattr(stacks, "Planner", lambda session, **_: None)
    monkeypatch.setattr(diff, "fingerprint", lambda planner, found: "0123456789abcdef")
    return made


def invoke(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments))


def test_a_small_environment_is_deployed_unasked(cli) -> None:
    assert invoke("deploy", "--env", "dev").exit_code == 0
    ((arguments, synthesized),) = cli.calls
    assert "never" in arguments and synthesized


def test_a_strict_environment_without_a_terminal_needs_the_hash_of_a_reviewed_diff(cli) -> None:
    result = invoke("deploy", "--env", "prod")
    assert isinstance(result.exception, KennelError) and "kennel deploy --env prod --approved HASH" in str(
        result.exception
    )
    assert not cli.calls


def test_at_a_terminal_the_cdk_asks_before_permissions_are_broadened(cli, monkeypatch) -> None:
    terminal = SimpleNamespace(isatty=lambda: True)
    monkeypatch.setattr(stacks, "sys", SimpleNamespace(stdin=terminal, stdout=terminal))
    assert invoke("deploy", "--env", "prod").exit_code == 0
    ((arguments, _),) = cli.calls
    assert arguments[-4:] == ["--require-approval", "broadening", "--concurrency", "1"]


def test_the_approved_diff_is_deployed_as_it_was_synthesized(cli) -> None:
    assert invoke("deploy", "--env", "prod", "--approved", "0123456789abcdef").exit_code == 0
    ((arguments, synthesized),) = cli.calls
    assert "never" in arguments and synthesized


def test_another_diff_than_the_approved_one_is_refused(cli) -> None:
    result = invoke("deploy", "--env", "prod", "--approved", "ffffffffffffffff")
    assert isinstance(result.exception, KennelError)
    assert "(ffffffffffffffff) is not the current one (0123456789abcdef)" in str(result.exception)
    assert not cli.calls


@pytest.mark.parametrize(
    ("change", "severity"),
    [
        (Change("S", "Remove", "B", "AWS::S3::Bucket", policy="Delete"), Severity.LOST),
        (Change("S", "Remove", "B", "AWS::S3::Bucket", policy="Retain"), Severity.KEPT),
        (Change("S", "Remove", "R", "AWS::IAM::Role", policy="Delete"), Severity.DELETED),
        (Change("S", "Modify", "K", "AWS::KMS::Key", "", "Conditional", "ReplaceAndDelete"), Severity.LOST),
        (Change("S", "Modify", "K", "AWS::KMS::Key", "", "True", "ReplaceAndRetain"), Severity.REPLACED),
        (Change("S", "Modify", "F", "AWS::Lambda::Function", "", "True", "ReplaceAndDelete"), Severity.REPLACED),
        (Change("S", "Modify", "B", "AWS::S3::Bucket"), Severity.CHANGED),
        (Change("S", "Add", "B", "AWS::S3::Bucket"), Severity.NEW),
    ],
)
def test_what_a_change_does(change: Change, severity: Severity) -> None:
    assert diff.effect(change).severity is severity


@pytest.mark.parametrize(
    ("action", "code"),
    [("Remove", stacks.LOSES_DATA), ("Add", 0)],
)
def test_the_exit_code_says_whether_data_is_lost(cli, monkeypatch, action: str, code: int) -> None:
    change = Change("Kennel-Dev-Storage", action, "Data", "AWS::S3::Bucket", policy="Delete")
    plan = Plan(SimpleNamespace(name="Kennel-Dev-Storage"), True, (change,))  # type: ignore[arg-type]
    planner = SimpleNamespace(
        plan=lambda one, every: plan, exported_by=lambda one: set(), deployed_template=lambda one: None
    )
    monkeypatch.setattr(stacks, "Planner", lambda session, **_: planner)
    monkeypatch.setattr(stacks.assembly, "synthesize", lambda session: (plan.stack,))
    result = invoke("diff", "--env", "dev")
    assert result.exit_code == code, result.output
    assert (["diff", "--method", "template", "--quiet", "--security-only"], True) in cli.calls
    assert "Hash of this diff: 0123456789abcdef" in result.output


def test_a_deploy_that_cloudformation_would_refuse_half_way_does_not_begin(cli, monkeypatch) -> None:
    conflict = Conflict("Kennel-Dev-Studio", ("x",), ("Kennel-Dev-Training", "Kennel-Dev-Serving"), order=True)
    monkeypatch.setattr(stacks.exports, "conflicts", lambda *_: [conflict])
    for command in ("deploy", "diff"):
        result = invoke(command, "--env", "dev")
        assert isinstance(result.exception, KennelError)
        assert "run `kennel deploy --env dev --stack Training --stack Serving`" in str(result.exception)
    strict = invoke("diff", "--env", "prod")
    assert "Hash of this diff" in strict.output and "--approved" not in strict.output
    assert not [arguments for arguments, _ in cli.calls if arguments[0] == "deploy"]


def test_a_program_can_tell_what_a_deploy_would_fail_with(cli, monkeypatch) -> None:
    found = [
        Conflict("Kennel-Dev-Studio", ("x",), ("Kennel-Dev-Training",), order=True),
        Conflict("Kennel-Dev-Studio", (), (), order=False, moved=("Domain",)),
        Conflict("Kennel-Dev-Serving", (), (), order=False, retyped=("kennel-dev",)),
    ]
    monkeypatch.setattr(stacks.exports, "conflicts", lambda *_: found)
    result = invoke("diff", "--env", "dev", "--json")
    assert isinstance(result.exception, KennelError)
    assert json.loads(result.stdout)["conflicts"] == [
        {"code": code, "stack": item.stack, "sentence": item.sentence("dev")}
        for code, item in zip(("export_in_use", "domain_moved", "instance_type_under_scaling"), found, strict=True)
    ]


def test_only_exports_in_use_have_a_way_out_stack_by_stack(cli, monkeypatch) -> None:
    conflict = Conflict("Kennel-Dev-Serving", (), (), order=False, retyped=("kennel-dev",))
    monkeypatch.setattr(stacks.exports, "conflicts", lambda *_: [conflict])
    refused = invoke("deploy", "--env", "dev", "--stack", "Serving").exception
    assert isinstance(refused, KennelError) and "`kennel endpoint off --env dev`" in str(refused)
    assert invoke("deploy", "--env", "dev", "--stack", "Training").exit_code == 0


def test_the_way_out_deploys_those_stacks_and_no_others(cli) -> None:
    assert invoke("deploy", "--env", "dev", "--stack", "Training", "--stack", "Serving").exit_code == 0
    ((arguments, _),) = cli.calls
    assert arguments[:4] == ["deploy", "--exclusively", "Kennel-Dev-Training", "Kennel-Dev-Serving"]
    assert "'Trainig' is not a stack; did you mean Training?" in str(
        invoke("deploy", "--env", "dev", "--stack", "Trainig").exception
    )


def test_a_part_is_destroyed_without_emptying_what_stays(cli, monkeypatch) -> None:
    unprotected = SimpleNamespace(
        require_unprotected=lambda session, names: None,
        domains=lambda session: [],
        remove_groups=lambda session, before: None,
    )
    monkeypatch.setattr(stacks, "teardown", unprotected)
    assert invoke("destroy", "--env", "dev", "--yes", "--stack", "Training").exit_code == 0
    assert cli.calls == [(["destroy", "Kennel-Dev-Training", "--force"], False)]


def test_every_kind_of_ours_that_the_cdk_calls_stateful_is_known_to_hold_data() -> None:
    """The CDK CLI's own database of resource types says which are."""
    database = json.loads(gzip.decompress((clone.CDK_CLI / "db.json.gz").read_bytes()))
    entities = database["schema"]["resource"]["entities"]
    stateful = {item["cloudFormationType"] for item in entities if item.get("isStateful")}
    ours = {resource.kind for resource in Assembly.load(assembly("prod")).resources}
    assert ours & stateful
    assert ours & stateful <= set(diff.HOLDS_DATA)
