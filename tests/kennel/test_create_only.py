"""What only a replacement can change: the table against AWS's own resource schemas, of which cfn-lint has a copy."""

from __future__ import annotations

from typing import Any

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from checks.assembly import Assembly
from kennel.cloud.create_only import CREATE_ONLY, changed
from kennel.cloud.diff import HOLDS_DATA
from tests.stacks.assemblies import ENVIRONMENTS, assembly


@pytest.mark.parametrize("kind", sorted(CREATE_ONLY))
def test_a_row_is_what_the_schema_says(kind: str) -> None:
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    pointers = [*schema.get("createOnlyProperties", ()), *schema.get("conditionalCreateOnlyProperties", ())]
    assert set(CREATE_ONLY[kind].split()) == {
        pointer.removeprefix("/properties/").replace("/", ".") for pointer in pointers
    }


def test_what_holds_data_has_a_row() -> None:
    assert set(HOLDS_DATA) <= set(CREATE_ONLY)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_type_of_the_environments_has_a_row(environment: str) -> None:
    kinds = {resource.kind for resource in Assembly.load(assembly(environment)).resources}
    assert {kind for kind in kinds if not kind.startswith("Custom::")} <= set(CREATE_ONLY)


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({"Budget": {"BudgetName": "a"}}, {"Budget": {"BudgetName": "b"}}, ("Budget.BudgetName",)),
        ({"Budget": {"BudgetLimit": 1}}, {"Budget": {"BudgetLimit": 2}}, ()),
        ({}, {"NotificationsWithSubscribers": []}, ("NotificationsWithSubscribers",)),
        ({"Budget": {"Fn::If": ["A", 1, 2]}}, {"Budget": {"Fn::If": ["A", 1, 3]}}, ("Budget.BudgetName",)),
    ],
)
def test_a_part_of_a_property_is_compared_on_its_own(before: Any, after: Any, found: tuple[str, ...]) -> None:
    assert changed("AWS::Budgets::Budget", before, after) == found
