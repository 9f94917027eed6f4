"""Every control passes in every environment, and fails when one thing that it requires is removed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from checks.assembly import Assembly
from checks.controls import CONTROLS, violations
from tests.checks.breakages import BREAKAGES, FOUND_BY
from tests.checks.mutations import MUTATIONS, Mutant
from tests.stacks.assemblies import ENVIRONMENTS, VARIANTS, assembly


@pytest.fixture(scope="module")
def prod() -> Assembly:
    return Assembly.load(assembly("prod"))


@pytest.mark.parametrize("environment", (*ENVIRONMENTS, *VARIANTS))
def test_every_environment_passes_its_controls(environment: str) -> None:
    assert [str(violation) for violation in violations(Assembly.load(assembly(environment)))] == []


@pytest.mark.parametrize(("control", "mutate"), MUTATIONS, ids=[f"{name}-{f.__name__}" for name, f in MUTATIONS])
def test_a_mutation_is_found(control: str, mutate: Callable[[Mutant], Any], prod: Assembly) -> None:
    mutant = Mutant(copy.deepcopy(dict(prod.templates)))
    mutate(mutant)
    assert control in {violation.control for violation in violations(Assembly(mutant.templates))}


@pytest.mark.parametrize("control", FOUND_BY)
def test_a_breakage_is_found_by_the_control_that_is_meant(control: str, prod: Assembly) -> None:
    mutant = Mutant(copy.deepcopy(dict(prod.templates)))
    BREAKAGES[FOUND_BY[control]](mutant)
    (meant,) = [item for item in CONTROLS if item.id == control]
    assert list(meant.violations(Assembly(mutant.templates)))


def test_every_control_has_a_mutation() -> None:
    waived = {"endpoint.capture"}  # nothing captures data yet, so there is nothing to remove
    assert {control.id for control in CONTROLS} - {name for name, _ in MUTATIONS} - set(FOUND_BY) == waived


def test_control_ids_are_unique() -> None:
    ids = [control.id for control in CONTROLS]
    assert len(set(ids)) == len(ids)


def test_prod_requires_every_control_that_is_implemented(prod: Assembly) -> None:
    not_implemented, other_networks = {"DataCapture"}, {"ExistingNetwork"}
    required = {name for name, value in prod.expected.items() if value}
    assert {control.when for control in CONTROLS if control.when} - required == not_implemented | other_networks
