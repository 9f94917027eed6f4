"""Given security groups: whether they let a job's instances reach each other, and HTTPS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from config.platform import NetworkConfig
from kennel.preflight.finding import Finding, error

NEEDED = (("tcp", 0, 65535, "all TCP"), ("udp", 500, 500, "UDP 500"), ("50", None, None, "protocol 50 (ESP)"))
"""Encrypted traffic between the containers of a job."""
_ALL = "-1"


def of(ec2: Any, config: NetworkConfig, efa: bool) -> Iterator[Finding]:
    """What the groups of network.security_group_ids lack. `efa`: instances with one must reach each other by all."""
    names = config.security_group_ids
    if not names:
        return
    found = ec2.describe_security_groups(Filters=[{"Name": "group-id", "Values": list(names)}])["SecurityGroups"]
    groups = [item for item in found if item["VpcId"] == config.vpc_id]
    for name in sorted(set(names) - {item["GroupId"] for item in groups}):
        yield error(f"{name} is not a security group of {config.vpc_id}: correct network.security_group_ids")
    if not groups:
        return
    said = ", ".join(names)
    out = [rule for item in groups for rule in item["IpPermissionsEgress"]]
    if not any(_covers(rule, "tcp", 443, 443) and _beyond(rule, names) for rule in out):
        yield error(
            f"no rule of {said} allows HTTPS out, without which S3 and every service are out of reach: add TCP 443"
        )
    needed = ((_ALL, None, None, "all traffic, which an Elastic Fabric Adapter needs"),) if efa else NEEDED
    for way, rules in (("out to", out), ("in from", [rule for item in groups for rule in item["IpPermissions"]])):
        lacking = [
            what
            for protocol, low, high, what in needed
            if not any(_covers(rule, protocol, low, high) and _among(rule, names) for rule in rules)
        ]
        if lacking:
            yield error(
                f"no rule of {said} allows {', '.join(lacking)} {way} the group itself, which jobs of several "
                "instances need: add it"
            )


def _covers(rule: dict[str, Any], protocol: str, low: int | None, high: int | None) -> bool:
    if rule["IpProtocol"] == _ALL:
        return True
    if rule["IpProtocol"] not in (protocol, {"tcp": "6", "udp": "17", "50": "esp"}.get(protocol)):
        return False
    return low is None or high is None or (rule.get("FromPort", 0) <= low and rule.get("ToPort", 65535) >= high)


def _among(rule: dict[str, Any], names: tuple[str, ...]) -> bool:
    """Whether the other side may be one of the groups."""
    return any(pair.get("GroupId") in names for pair in rule.get("UserIdGroupPairs", ())) or bool(_ranges(rule))


def _beyond(rule: dict[str, Any], names: tuple[str, ...]) -> bool:
    """Whether the other side may be something else than the groups: addresses, S3's prefix list, endpoints' groups."""
    others = [pair for pair in rule.get("UserIdGroupPairs", ()) if pair.get("GroupId") not in names]
    return bool(_ranges(rule) or rule.get("PrefixListIds") or others)


def _ranges(rule: dict[str, Any]) -> list[Any]:
    return [*rule.get("IpRanges", ()), *rule.get("Ipv6Ranges", ())]
