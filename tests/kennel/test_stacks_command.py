"""`kennel deploy` refuses an AWS environment whose alarms nobody would hear."""

from __future__ import annotations

import pytest

import config
from kennel.cli import stacks
from kennel.errors import KennelError


def test_an_example_address_is_refused_before_anything_is_deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stacks, "_cdk", lambda *_: pytest.fail("a deploy began"))
    with pytest.raises(KennelError, match=r"notify of prod has ml-team@example\.com, where nobody can confirm"):
        stacks.deploy("prod")


@pytest.mark.parametrize("environment", ["dev", "local"])
def test_an_environment_without_one_is_deployed(monkeypatch: pytest.MonkeyPatch, environment: str) -> None:
    begun: list[str] = []
    monkeypatch.setattr(stacks, "_cdk", lambda env, arguments: begun.append(env))
    stacks.deploy(environment)
    assert begun == [environment]


def test_the_clones_strict_environment_says_which_line_to_change() -> None:
    assert config.load("prod").unreachable == ("ml-team@example.com",)
