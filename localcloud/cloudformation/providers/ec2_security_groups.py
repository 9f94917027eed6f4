"""Security groups and their rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.cloudformation.providers.base import (
    ClientFactory,
    Outcome,
    Properties,
    Provider,
    Request,
    answers,
    ignore_gone,
)
from localcloud.cloudformation.providers.ec2_resource import Ec2Resource


def ip_permission(rule: Mapping[str, Any]) -> dict[str, Any]:
    """A CloudFormation rule as an IpPermission."""
    permission: dict[str, Any] = {"IpProtocol": str(rule["IpProtocol"])}
    for name in ("FromPort", "ToPort"):
        if name in rule:
            permission[name] = int(rule[name])
        elif permission["IpProtocol"].isdigit():
            permission[name] = -1  # moto wants a number even where a protocol has no ports
    note = {"Description": rule["Description"]} if "Description" in rule else {}
    if "CidrIp" in rule:
        permission["IpRanges"] = [{"CidrIp": rule["CidrIp"], **note}]
    if "CidrIpv6" in rule:
        permission["Ipv6Ranges"] = [{"CidrIpv6": rule["CidrIpv6"], **note}]
    for name in ("SourceSecurityGroupId", "DestinationSecurityGroupId"):
        if name in rule:
            permission["UserIdGroupPairs"] = [{"GroupId": rule[name], **note}]
    for name in ("SourcePrefixListId", "DestinationPrefixListId"):
        if name in rule:
            permission["PrefixListIds"] = [{"PrefixListId": rule[name], **note}]
    return permission


@dataclass(frozen=True)
class SecurityGroupRule(Provider):
    """AWS::EC2::SecurityGroupIngress and SecurityGroupEgress."""

    way: str

    def replaces(self, changed: set[str]) -> bool:
        return True

    def create(self, request: Request, properties: Properties) -> Outcome:
        call = getattr(request.client("ec2"), f"authorize_security_group_{self.way}")
        answer = call(GroupId=properties["GroupId"], IpPermissions=[ip_permission(properties)])
        rules = answer.get("SecurityGroupRules", [])
        physical_id = rules[0]["SecurityGroupRuleId"] if rules else request.generated_name(100)
        return Outcome(physical_id, {"Id": physical_id})

    def delete(self, request: Request, physical_id: str, properties: Properties) -> None:
        call = getattr(request.client("ec2"), f"revoke_security_group_{self.way}")
        ignore_gone(lambda: call(GroupId=properties["GroupId"], IpPermissions=[ip_permission(properties)]))

    def exists(self, client: ClientFactory, physical_id: str, properties: Properties) -> bool:
        groups: list[Any] = []
        if not answers(
            lambda: groups.extend(
                client("ec2").describe_security_groups(GroupIds=[properties["GroupId"]])["SecurityGroups"]
            )
        ):
            return False
        wanted = ip_permission(properties)
        held = groups[0]["IpPermissions" if self.way == "ingress" else "IpPermissionsEgress"]
        same = ("IpProtocol", "FromPort", "ToPort")
        return any(all(rule.get(name) == wanted.get(name) for name in same) for rule in held)


class SecurityGroup(Ec2Resource):
    """AWS::EC2::SecurityGroup with its inline rules."""

    def create(self, request: Request, properties: Properties) -> Outcome:
        named = {"GroupName": request.generated_name(255), **properties}
        outcome = super().create(request, named)
        ec2 = request.client("ec2")
        if "SecurityGroupEgress" in properties:
            # Own egress rules take the place of the rule that allows everything.
            everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
            ec2.revoke_security_group_egress(GroupId=outcome.physical_id, IpPermissions=[everything])
        self._rules(ec2, outcome.physical_id, properties, {})
        return outcome

    def update(self, request: Request, physical_id: str, properties: Properties, previous: Properties) -> Outcome:
        outcome = super().update(request, physical_id, properties, previous)
        if outcome.physical_id == physical_id:
            self._rules(request.client("ec2"), physical_id, properties, previous)
        return outcome

    @staticmethod
    def _rules(ec2: Any, group: str, properties: Properties, previous: Properties) -> None:
        for key, way in (("SecurityGroupIngress", "ingress"), ("SecurityGroupEgress", "egress")):
            new, old = properties.get(key, []), previous.get(key, [])
            for rule in [rule for rule in old if rule not in new]:
                getattr(ec2, f"revoke_security_group_{way}")(GroupId=group, IpPermissions=[ip_permission(rule)])
            for rule in [rule for rule in new if rule not in old]:
                getattr(ec2, f"authorize_security_group_{way}")(GroupId=group, IpPermissions=[ip_permission(rule)])
