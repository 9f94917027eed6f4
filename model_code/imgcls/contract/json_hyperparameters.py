"""The hyperparameters that hold settings of their own: checked where a job is asked for, not only where it starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from imgcls.contract.debugging import DebugSettings
from imgcls.contract.head_search import HeadSearch
from imgcls.contract.hyperparameters import lookup
from imgcls.contract.profiling import ProfileSettings

_GROUPS: Mapping[str, Callable[[Mapping[str, Any]], object]] = {
    "debug": DebugSettings.from_dict,
    "head-search": HeadSearch.from_dict,
    "profile": ProfileSettings.from_dict,
}


def check(values: Mapping[str, Any]) -> None:
    """Raises HyperparameterError, which names the setting and its choices, for one that training would refuse."""
    for name, read in _GROUPS.items():
        if name in values:
            parsed = lookup(name).parse(values[name])
            assert isinstance(parsed, dict)
            read(parsed)
