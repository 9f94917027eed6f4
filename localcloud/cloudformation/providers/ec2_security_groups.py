"""Security groups and their rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Required, TypedDict

from botocore.client import BaseClient

from localcloud.cloudformation.providers.base import (
    ClientFactory,
    Number,
    Outcome,
    Provider,
    Request,
    answers,
    changed_names,
    ignore_gone,
)
from localcloud.cloudformation.providers.ec2_resource import Ec2Resource
from localcloud.cloudformation.requests import Tag


class InlineRule(TypedDict, total=False):
    """A rule, inside a security group or as a separate resource."""

    IpProtocol: Required[Number]
    FromPort: Number
    ToPort: Number
    Description: str
    CidrIp: str
    CidrIpv6: str
    SourceSecurityGroupId: str
    DestinationSecurityGroupId: str
    SourcePrefixListId: str
    DestinationPrefixListId: str


class RuleProperties(InlineRule):
    GroupId: str


class GroupProperties(TypedDict, total=False):
    GroupName: str
    GroupDescription: str
    VpcId: str
    SecurityGroupIngress: list[InlineRule]
    SecurityGroupEgress: list[InlineRule]
    Tags: list[Tag]


def ip_permission(rule: InlineRule) -> dict[str, object]:
    """A CloudFormation rule as an IpPermission."""
    protocol = str(rule["IpProtocol"])
    permission: dict[str, object] = {"IpProtocol": protocol}
    for name, port in (("FromPort", rule.get("FromPort")), ("ToPort", rule.get("ToPort"))):
        if port is not None:
            permission[name] = int(port)
        elif protocol.isdigit():
            permission[name] = -1  # moto requires a number even where a protocol has no ports
    note = {"Description": rule["Description"]} if "Description" in rule else {}
    if "CidrIp" in rule:
        permission["IpRanges"] = [{"CidrIp": rule["CidrIp"], **note}]
    if "CidrIpv6" in rule:
        permission["Ipv6Ranges"] = [{"CidrIpv6": rule["CidrIpv6"], **note}]
    if group := rule.get("SourceSecurityGroupId") or rule.get("DestinationSecurityGroupId"):
        permission["UserIdGroupPairs"] = [{"GroupId": group, **note}]
    if prefix_list := rule.get("SourcePrefixListId") or rule.get("DestinationPrefixListId"):
        permission["PrefixListIds"] = [{"PrefixListId": prefix_list, **note}]
    return permission


@dataclass(frozen=True)
class SecurityGroupRule(Provider[RuleProperties]):
    """AWS::EC2::SecurityGroupIngress and SecurityGroupEgress."""

    way: str

    def replaces(self, changed: set[str]) -> bool:
        return bool(changed - {"Description"})

    def update(
        self, request: Request, physical_id: str, properties: RuleProperties, previous: RuleProperties
    ) -> Outcome:
        if self.replaces(changed_names(properties, previous)):
            return self.create(request, properties)
        call = getattr(request.client("ec2"), f"update_security_group_rule_descriptions_{self.way}")
        call(GroupId=properties["GroupId"], IpPermissions=[ip_permission(properties)])
        return Outcome(physical_id, {"Id": physical_id})

    def create(self, request: Request, properties: RuleProperties) -> Outcome:
        call = getattr(request.client("ec2"), f"authorize_security_group_{self.way}")
        answer = call(GroupId=properties["GroupId"], IpPermissions=[ip_permission(properties)])
        rules = answer.get("SecurityGroupRules", [])
        physical_id = rules[0]["SecurityGroupRuleId"] if rules else request.generated_name(100)
        return Outcome(physical_id, {"Id": physical_id})

    def delete(self, request: Request, physical_id: str, properties: RuleProperties) -> None:
        call = getattr(request.client("ec2"), f"revoke_security_group_{self.way}")
        ignore_gone(lambda: call(GroupId=properties["GroupId"], IpPermissions=[ip_permission(properties)]))

    def exists(self, client: ClientFactory, physical_id: str, properties: RuleProperties) -> bool:
        groups: list[dict[str, list[dict[str, object]]]] = []
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


class SecurityGroup(Ec2Resource[GroupProperties]):
    """AWS::EC2::SecurityGroup with its inline rules."""

    def create(self, request: Request, properties: GroupProperties) -> Outcome:
        named: GroupProperties = {"GroupName": request.generated_name(255), **properties}
        outcome = super().create(request, named)
        ec2 = request.client("ec2")
        if "SecurityGroupEgress" in properties:
            # Its own egress rules replace the default rule that allows everything.
            everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
            ec2.revoke_security_group_egress(GroupId=outcome.physical_id, IpPermissions=[everything])
        self._rules(ec2, outcome.physical_id, properties, {})
        return outcome

    def update(
        self, request: Request, physical_id: str, properties: GroupProperties, previous: GroupProperties
    ) -> Outcome:
        outcome = super().update(request, physical_id, properties, previous)
        if outcome.physical_id == physical_id:
            self._rules(request.client("ec2"), physical_id, properties, previous)
        return outcome

    @staticmethod
    def _rules(ec2: BaseClient, group: str, properties: GroupProperties, previous: GroupProperties) -> None:
        for way, new, old in (
            ("ingress", properties.get("SecurityGroupIngress", []), previous.get("SecurityGroupIngress", [])),
            ("egress", properties.get("SecurityGroupEgress", []), previous.get("SecurityGroupEgress", [])),
        ):
            for rule in [rule for rule in old if rule not in new]:
                getattr(ec2, f"revoke_security_group_{way}")(GroupId=group, IpPermissions=[ip_permission(rule)])
            for rule in [rule for rule in new if rule not in old]:
                getattr(ec2, f"authorize_security_group_{way}")(GroupId=group, IpPermissions=[ip_permission(rule)])
