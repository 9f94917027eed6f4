"""What deploying, updating and deleting an environment's stacks needs of CloudFormation's execution role."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from checks.assembly import Assembly
from checks.policies import statements as trusts
from config.app import AppConfig
from kennel.bootstrap.calls import ANY, Calls, Condition
from kennel.bootstrap.handlers import HANDLERS
from kennel.bootstrap.names import patterns
from kennel.errors import KennelError

_SET_BOUNDARY = "iam:PutRolePermissionsBoundary"
BOUNDED = {"iam:CreateRole", "iam:PutRolePolicy", _SET_BOUNDARY}
"""What makes or widens a role: only under the permissions boundary, where there is one."""
_PLACEHOLDER = re.compile(r"\{([A-Z]\w+)\}")


@dataclass(frozen=True)
class Statement:
    """An Allow. ARNs contain `${AWS::Partition}` and `${AWS::AccountId}`."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: Condition | None = None


def needs(config: AppConfig, assembly: Assembly) -> list[Statement]:
    """One statement per group of resources and condition. Raises KennelError for a type that has no row."""
    groups: dict[tuple[tuple[str, ...], Condition | None], set[str]] = {}
    for call in (*_of_types(assembly), *_passed_roles(assembly), *_sources(assembly)):
        where = (_arns(call.on, config, assembly), call.condition)
        groups.setdefault(where, set()).update(f"{call.service}:{action}" for action in call.actions.split())
    found = [Statement(tuple(sorted(actions)), *where) for where, actions in groups.items()]
    return sorted(_under_boundary(found, _boundaries(assembly)), key=lambda item: (item.actions, item.resources))


def _of_types(assembly: Assembly) -> Iterator[Calls]:
    for kind in sorted({resource.kind for resource in assembly.resources}):
        row = "Custom" if kind.startswith("Custom::") else kind
        if row not in HANDLERS:
            raise KennelError(
                f"kennel/bootstrap/handlers.py does not say what CloudFormation calls for {kind}: add its row"
            )
        yield from HANDLERS[row]


def _passed_roles(assembly: Assembly) -> Iterator[Calls]:
    """The environment's roles, to the services that they are for."""
    documents = (role.get("AssumeRolePolicyDocument") for role in assembly.of("AWS::IAM::Role"))
    services = sorted({service for document in documents for trust in trusts(document) for service in trust.services})
    condition = ("StringEquals", "iam:PassedToService", tuple(services))
    yield Calls("iam", "PassRole", ("iam::{account}:role/{Role}",), condition)


def _sources(assembly: Assembly) -> Iterator[Calls]:
    """What CloudFormation reads for the templates themselves."""
    yield Calls("ssm", "GetParameters", ("ssm:{here}:parameter" + bootstrap_parameter(assembly),))
    if any('"Fn::GetAZs"' in json.dumps(template) for template in assembly.templates.values()):
        yield Calls("ec2", "DescribeAvailabilityZones DescribeAccountAttributes DescribeSubnets", ANY)
    for bucket in sorted({function.get("Code.S3Bucket") for function in assembly.of("AWS::Lambda::Function")}):
        yield Calls("s3", "GetObject GetObjectVersion", (f"s3:::{bucket}/*",))


def bootstrap_parameter(assembly: Assembly) -> str:
    """The name of the parameter with the version of the CDK's bootstrap stack, which each template reads."""
    (name,) = {template["Parameters"]["BootstrapVersion"]["Default"] for template in assembly.templates.values()}
    return str(name)


def _arns(on: Iterable[str], config: AppConfig, assembly: Assembly) -> tuple[str, ...]:
    found: set[str] = set()
    for arn in on:
        if arn == "*":
            return ANY
        here = arn.replace("{here}", f"{config.region}:{{account}}").replace("{account}", "${AWS::AccountId}")
        word = _PLACEHOLDER.search(here)
        names = patterns(word[1], assembly, config.stack_prefix) if word else [""]
        found |= {f"arn:${{AWS::Partition}}:{here.replace(word[0], name) if word else here}" for name in names}
    return tuple(sorted(item.replace("**", "*") for item in found))


def _boundaries(assembly: Assembly) -> tuple[str, ...]:
    """The permissions boundaries of the roles; none unless all roles have one."""
    found = {role.get("PermissionsBoundary") for role in assembly.of("AWS::IAM::Role")}
    return () if None in found else tuple(sorted(str(item) for item in found))


def _under_boundary(found: list[Statement], boundaries: tuple[str, ...]) -> Iterator[Statement]:
    for item in found:
        bounded = tuple(action for action in item.actions if action in BOUNDED)
        others = tuple(action for action in item.actions if action not in BOUNDED)
        if others:
            yield Statement(others, item.resources, item.condition)
        if bounded and boundaries:
            yield Statement(bounded, item.resources, ("StringEquals", "iam:PermissionsBoundary", boundaries))
        elif bounded:
            yield Statement(tuple(action for action in bounded if action != _SET_BOUNDARY), item.resources)
