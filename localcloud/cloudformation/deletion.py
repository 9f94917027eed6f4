"""Which resources outlive their stack, and what must stay because something that needs it could not be deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from localcloud.cloudformation.intrinsics import Scope
from localcloud.cloudformation.planning import dependencies_of_existing, dependency_order_of_existing
from localcloud.cloudformation.stacks import Resource


def is_retained(resource: Resource, *, created: bool) -> bool:
    """`created`: by the operation that is being rolled back, for which RetainExceptOnCreate means deletion."""
    policy = resource.definition.get("DeletionPolicy", "Delete")
    return policy == "Retain" or (policy == "RetainExceptOnCreate" and not created)


def delete_in_order(resources: Mapping[str, Resource], scope: Scope, delete: Callable[[Resource], bool]) -> bool:
    """Delete each after what depends on it. What a resource needs is not tried once that resource has failed."""
    definitions = {name: item.definition for name, item in resources.items()}
    needs = dependencies_of_existing(definitions, scope)
    blocked: set[str] = set()
    clean = True
    for logical_id in reversed(dependency_order_of_existing(definitions, scope)):
        if logical_id in blocked:
            blocked |= needs[logical_id]
        elif not delete(resources[logical_id]):
            blocked |= needs[logical_id]
            clean = False
    return clean
