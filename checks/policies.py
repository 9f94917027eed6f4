"""IAM policy documents as flat statements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from checks.assembly import Assembly, Resource, as_list
from config.regions import PARTITIONS

_DOMAINS = "|".join(re.escape(domain) for domain in {"amazonaws.com", *(domain for _, domain in PARTITIONS.values())})
PRINCIPAL = re.compile(rf"(\.(\$\{{AWS::Region\}}|[a-z]{{2,4}}(-[a-z]+)+-\d))?\.({_DOMAINS})$")
"""What follows the name of a service in its principal."""


@dataclass(frozen=True)
class Statement:
    """One statement; `conditions` maps a condition key, in lower case, to its operator and values."""

    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    services: tuple[str, ...]
    anyone: bool
    conditions: dict[str, tuple[str, tuple[Any, ...]]]
    inverted: bool
    """Uses NotAction, NotResource or NotPrincipal."""

    @property
    def allows(self) -> bool:
        return self.effect == "Allow"

    def denies_without_tls(self, action: str) -> bool:
        operator, values = self.conditions.get("aws:securetransport", ("", ()))
        alone = len(self.conditions) == 1
        plain = alone and operator == "Bool" and [str(value).lower() for value in values] == ["false"]
        return self.effect == "Deny" and self.anyone and action in self.actions and plain


def service_name(principal: str) -> str:
    """`logs.${AWS::Region}.amazonaws.com` -> `logs`."""
    return PRINCIPAL.sub("", principal)


def statements(document: Any) -> Iterator[Statement]:
    for item in as_list((document or {}).get("Statement")):
        principal = item.get("Principal", {})
        aws = as_list(principal.get("AWS")) if isinstance(principal, dict) else [principal]
        yield Statement(
            effect=item["Effect"],
            actions=tuple(as_list(item.get("Action"))),
            resources=tuple(str(resource) for resource in as_list(item.get("Resource"))),
            services=tuple(as_list(principal.get("Service"))) if isinstance(principal, dict) else (),
            anyone="*" in aws,
            conditions={
                key.lower(): (operator, tuple(as_list(value)))
                for operator, keys in item.get("Condition", {}).items()
                for key, value in keys.items()
            },
            inverted=any(name in item for name in ("NotAction", "NotResource", "NotPrincipal")),
        )


def identity_statements(assembly: Assembly) -> Iterator[tuple[Resource, Statement]]:
    """(policy or role, statement) for every statement that applies to a role."""
    for resource in assembly.of("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
        for statement in statements(resource.get("PolicyDocument")):
            yield resource, statement
    for resource in assembly.of("AWS::IAM::Role"):
        for policy in as_list(resource.get("Policies")):
            for statement in statements(policy["PolicyDocument"]):
                yield resource, statement


def attached(assembly: Assembly, kind: str, member: str, target: Resource) -> list[Statement]:
    """The statements of the resource policies of `kind` whose property `member` refers to `target`."""
    return [
        statement
        for policy in assembly.of(kind)
        if any(target.points_at(value) for value in as_list(policy.get(member)))
        for statement in statements(policy.get("PolicyDocument"))
    ]
