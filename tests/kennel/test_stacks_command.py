"""What `kennel deploy` and `kennel destroy` refuse before the CDK CLI is started."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import typer

import config
from kennel.cli import stacks
from kennel.errors import KennelError
from kennel.workspace import project


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Environments for which the CDK CLI was started."""
    begun: list[str] = []

    def run_cdk(session: SimpleNamespace, arguments: list[str], *, synthesized: bool) -> int:
        begun.append(session.config.environment)
        return 0

    monkeypatch.setattr(stacks, "run_cdk", run_cdk)
    monkeypatch.setattr(stacks.assembly, "synthesize", lambda session: ())
    monkeypatch.setattr(stacks, "Session", lambda env: SimpleNamespace(config=project.config(env)))
    return begun


def test_an_example_address_is_refused_before_anything_is_deployed(deployed: list[str]) -> None:
    with pytest.raises(KennelError, match=r"notify of prod has ml-team@example\.com, where nobody can confirm"):
        stacks.deploy(env="prod")
    assert not deployed


@pytest.mark.parametrize("environment", ["dev", "rehearsal"])
def test_a_rehearsal_is_refused_as_what_it_rehearses(
    deployed: list[str], environment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = config.load(environment).model_copy(update={"notify": ("team@example.com",)})
    monkeypatch.setattr(stacks, "Session", lambda env: SimpleNamespace(config=named))
    with pytest.raises(KennelError, match=rf"notify of {environment} has team@example\.com, where nobody can confirm"):
        stacks.deploy(env=environment)
    assert not deployed


def test_the_quickstart_asks_nobody_to_confirm(deployed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    named = config.load("local").model_copy(update={"notify": ("team@example.com",)})
    monkeypatch.setattr(stacks, "Session", lambda env: SimpleNamespace(config=named))
    with pytest.raises(typer.Exit):
        stacks.deploy(env="local")
    assert deployed == ["local"]


@pytest.mark.parametrize("environment", ["dev", "local", "rehearsal"])
def test_an_environment_without_one_is_deployed(deployed: list[str], environment: str) -> None:
    with pytest.raises(typer.Exit) as ended:
        stacks.deploy(env=environment)
    assert ended.value.exit_code == 0
    assert deployed == [environment]


def test_the_clones_strict_environment_says_which_line_to_change() -> None:
    assert config.load("prod").unreachable == ("ml-team@example.com",)


def test_a_protected_stack_is_refused_before_anybody_is_asked(deployed: list[str], monkeypatch) -> None:
    found = SimpleNamespace(config=project.config("prod"), client=lambda _: None)
    found.stacks = lambda: [{"StackName": "Kennel-Prod-Storage", "EnableTerminationProtection": True}]
    monkeypatch.setattr(stacks, "Session", lambda env: found)
    monkeypatch.setattr(stacks.typer, "confirm", lambda *_, **__: pytest.fail("asked"))
    with pytest.raises(KennelError, match="protects Kennel-Prod-Storage from deletion"):
        stacks.destroy(env="prod")
    assert not deployed
