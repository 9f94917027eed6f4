"""The customer managed key: rotated, retained, usable by services for this account's resources only."""

from __future__ import annotations

from checks.assembly import Assembly, Resource
from checks.control import each
from checks.controls.buckets import retained
from checks.policies import service_name, statements
from config.source_conditions import documented

KEY = "AWS::KMS::Key"
SERVICES = ("logs.", "delivery.logs.", "cloudwatch.", "events.", "budgets.")
"""Services that write data encrypted with the key, by the prefix of their principal."""
SOURCES = ("aws:sourceaccount", "aws:sourcearn", "kms:encryptioncontext:aws:logs:arn")


def closed_to_everyone(key: Resource, _: Assembly) -> bool:
    return not any(s.allows and s.anyone and not s.conditions for s in statements(key.get("KeyPolicy")))


def services_restricted(key: Resource, _: Assembly) -> bool:
    """A source condition whose only value is `*` does not restrict anything."""
    for statement in statements(key.get("KeyPolicy")):
        known = any(documented("key", service_name(service)) for service in statement.services)
        if statement.allows and known:
            values = [statement.conditions[name][1] for name in SOURCES if name in statement.conditions]
            if not values or any(set(value) <= {"*"} for value in values):
                return False
    return True


def services_allowed(key: Resource, _: Assembly) -> bool:
    named = [service for s in statements(key.get("KeyPolicy")) if s.allows for service in s.services]
    return all(any(service.startswith(wanted) for service in named) for wanted in SERVICES)


CONTROLS = (
    each("key.rotated", "have rotation enabled", KEY, lambda key, _: key.get("EnableKeyRotation") is True),
    each("key.closed", "not grant access to everyone without a condition", KEY, closed_to_everyone),
    each(
        "key.source-bound",
        "restrict a service to this account's resources where AWS documents how",
        KEY,
        services_restricted,
    ),
    each(
        "key.services",
        "be usable by log groups, log delivery, alarms, rules and budgets",
        KEY,
        services_allowed,
    ),
    each("key.kept", "be retained when its stack is deleted", KEY, retained, when="Retain"),
)
