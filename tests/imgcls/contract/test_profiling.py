"""The hyperparameter `profile`: each setting's default and limits."""

from __future__ import annotations

import pytest

from imgcls.contract.hyperparameter import HyperparameterError
from imgcls.contract.profiling import ProfileSettings

LIMITS = {
    "steps": (0, 100_000),
    "wait": (0, 100_000),
    "warmup": (0, 1_000),
    "active": (1, 1_000),
    "sample_ms": (500, 5_000),
    "trace_mb": (0, 1_000),
}


def test_the_defaults_are_these() -> None:
    assert ProfileSettings() == ProfileSettings(True, 50, 5, 2, 5, 1_000, 20)


@pytest.mark.parametrize(("name", "limits"), LIMITS.items())
def test_a_number_lies_within_its_limits(name: str, limits: tuple[int, int]) -> None:
    for value in limits:
        assert getattr(ProfileSettings.from_dict({name: value}), name) == value
    low, high = limits
    for wrong in (low - 1, high + 1, True, 600.0, "600"):
        with pytest.raises(HyperparameterError, match=f"{name} is {wrong!r}; .* between {low} and {high}"):
            ProfileSettings.from_dict({name: wrong})


def test_only_what_was_changed_is_written_out() -> None:
    assert ProfileSettings().to_dict() == {}
    assert ProfileSettings(enabled=False, wait=7).to_dict() == {"enabled": False, "wait": 7}
