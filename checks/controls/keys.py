"""The customer key: rotated, kept, and open to services for this account's own resources only."""

from __future__ import annotations

from checks.assembly import Assembly, Resource
from checks.control import each
from checks.controls.buckets import kept
from checks.policies import statements

KEY = "AWS::KMS::Key"
SERVICES = ("logs.", "delivery.logs.", "cloudwatch.", "events.", "budgets.", "sns.")
"""Services that write what the key encrypts, by the beginning of their principal."""
SOURCES = ("aws:sourceaccount", "aws:sourcearn", "kms:encryptioncontext:aws:logs:arn")


def nobody_unconditionally(key: Resource, _: Assembly) -> bool:
    return not any(s.allows and s.anyone and not s.conditions for s in statements(key.get("KeyPolicy")))


def services_bound(key: Resource, _: Assembly) -> bool:
    """`*` alone in a source condition binds nothing."""
    for statement in statements(key.get("KeyPolicy")):
        if statement.allows and statement.services:
            values = [statement.conditions[name][1] for name in SOURCES if name in statement.conditions]
            if not values or any(set(value) <= {"*"} for value in values):
                return False
    return True


def services_known(key: Resource, _: Assembly) -> bool:
    named = [service for s in statements(key.get("KeyPolicy")) if s.allows for service in s.services]
    return all(any(service.startswith(wanted) for service in named) for wanted in SERVICES)


CONTROLS = (
    each("key.rotated", "rotate", KEY, lambda key, _: key.get("EnableKeyRotation") is True),
    each("key.closed", "have no statement for everybody without a condition", KEY, nobody_unconditionally),
    each("key.source-bound", "bind every service to this account's resources", KEY, services_bound),
    each("key.services", "serve logs, log delivery, alarms, rules, budgets and topics", KEY, services_known),
    each("key.kept", "outlive the stack", KEY, kept, when="Retain"),
)
