"""Every control holds in every environment, and breaks when its one thing is taken away."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from checks.__main__ import breaches
from checks.assembly import Assembly
from checks.controls import CONTROLS
from tests.checks.mutations import MUTATIONS, Mutant
from tests.stacks.assemblies import ENVIRONMENTS, assembly


@pytest.fixture(scope="module")
def prod() -> Assembly:
    return Assembly.load(assembly("prod"))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_environment_holds_what_it_promises(environment: str) -> None:
    assert [str(breach) for breach in breaches(Assembly.load(assembly(environment)))] == []


@pytest.mark.parametrize(("control", "mutate"), MUTATIONS, ids=[f"{name}-{f.__name__}" for name, f in MUTATIONS])
def test_a_broken_control_is_found(control: str, mutate: Callable[[Mutant], Any], prod: Assembly) -> None:
    mutant = Mutant(copy.deepcopy(dict(prod.templates)))
    mutate(mutant)
    assert control in {breach.control for breach in breaches(Assembly(mutant.templates))}


def test_every_control_has_a_mutation() -> None:
    waived = {"endpoint.capture"}  # nothing captures data yet, so there is nothing to take away
    assert {control.id for control in CONTROLS} - {name for name, _ in MUTATIONS} == waived


def test_control_ids_are_unique() -> None:
    ids = [control.id for control in CONTROLS]
    assert len(set(ids)) == len(ids)


def test_prod_waives_nothing(prod: Assembly) -> None:
    not_built = {"DataCapture"}
    promised = {name for name, value in prod.expected.items() if value}
    assert {control.when for control in CONTROLS if control.when} - promised == not_built
