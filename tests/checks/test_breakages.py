"""Every breakage of prod's templates is found by our own controls alone, and no harmless change is.

A crash of the checker finds nothing: it fails the test.
"""

from __future__ import annotations

import copy

import pytest

from checks.assembly import Assembly
from checks.control import Control, Violation
from checks.controls import CONTROLS
from tests.checks.breakages import BREAKAGES, HARMLESS
from tests.checks.breakages.breakage import Break
from tests.checks.mutations import Mutant
from tests.stacks.assemblies import assembly

LIKELY = {
    "policies": ("bucket", "key", "topic", "queue", "image", "log", "function", "iam"),
    "identities": ("iam", "data"),
    "network": ("network", "stack"),
    "data": ("stack", "bucket"),
    "alarms": ("alarm",),
    "machines": ("machine", "task", "job"),
    "templates": ("stack",),
}
"""Which controls are asked first, by the group of a breakage. All others follow: the first that finds it is enough."""


@pytest.fixture(scope="module")
def prod() -> Assembly:
    return Assembly.load(assembly("prod"))


def broken(change: Break, prod: Assembly) -> Assembly:
    mutant = Mutant(copy.deepcopy(dict(prod.templates)))
    change(mutant)
    assert mutant.templates != prod.templates
    return Assembly(mutant.templates)


def first(found: Assembly, controls: list[Control]) -> Violation | None:
    branches = list(found.branches())
    return next((v for control in controls for branch in branches for v in control.violations(branch)), None)


@pytest.mark.parametrize("title", BREAKAGES)
def test_a_breakage_is_found(title: str, prod: Assembly) -> None:
    likely = LIKELY.get(title.partition(":")[0], ())
    ordered = sorted(CONTROLS, key=lambda control: control.id.partition(".")[0] not in likely)
    assert first(broken(BREAKAGES[title], prod), ordered) is not None


@pytest.mark.parametrize("title", HARMLESS)
def test_a_harmless_change_passes(title: str, prod: Assembly) -> None:
    found = first(broken(HARMLESS[title], prod), list(CONTROLS))
    assert found is None, str(found)


def test_there_are_enough_of_both() -> None:
    assert len(BREAKAGES) >= 130 and len(HARMLESS) >= 30
