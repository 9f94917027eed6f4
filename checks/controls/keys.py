"""The customer managed key: rotated, retained, usable by the services that write encrypted data."""

from __future__ import annotations

from checks.assembly import Assembly, Resource
from checks.control import each
from checks.controls.buckets import retained
from checks.policies import statements

KEY = "AWS::KMS::Key"
SERVICES = ("logs.", "delivery.logs.", "cloudwatch.", "events.", "budgets.")
"""Services that write data encrypted with the key, by the prefix of their principal."""


def services_allowed(key: Resource, _: Assembly) -> bool:
    named = [service for s in statements(key.get("KeyPolicy")) if s.allows for service in s.services]
    return all(any(service.startswith(wanted) for service in named) for wanted in SERVICES)


CONTROLS = (
    each("key.rotated", "have rotation enabled", KEY, lambda key, _: key.get("EnableKeyRotation") is True),
    each(
        "key.services",
        "be usable by log groups, log delivery, alarms, rules and budgets",
        KEY,
        services_allowed,
    ),
    each("key.kept", "be retained when its stack is deleted", KEY, retained, when="Retain"),
)
