"""The code that all functions share."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from lambdas.common.environment import FunctionEnvironment
from lambdas.common.log import logged


@dataclass(frozen=True)
class Sample(FunctionEnvironment):
    name: str
    ratio: float
    enabled: bool
    count: int = 3


def test_the_handler_reads_what_the_stack_writes() -> None:
    sample = Sample("a name", 0.25, True, 7)
    assert Sample.from_environment(sample.to_environment()) == sample


def test_variables_are_strings_with_names_in_capitals() -> None:
    assert Sample("x", 1.0, False).to_environment() == {"NAME": "x", "RATIO": "1.0", "ENABLED": "false", "COUNT": "3"}


def test_a_string_that_looks_like_a_number_stays_a_string() -> None:
    assert Sample.from_environment({"NAME": "123", "RATIO": "1", "ENABLED": "true"}).name == "123"


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(KeyError, match="ENABLED, RATIO"):
        Sample.from_environment({"NAME": "x", "COUNT": "1"})


def test_a_failure_is_logged_and_raised_again(capsys: pytest.CaptureFixture[str]) -> None:
    @logged
    def handler(event: dict[str, str], context: None) -> None:
        raise ValueError("it broke")

    with pytest.raises(ValueError, match="it broke"):
        handler({"secret": "value"}, None)
    line = json.loads(capsys.readouterr().out)
    assert (line["message"], line["error"], line["reason"]) == ("failed", "ValueError", "it broke")
    assert "secret" not in json.dumps(line)
