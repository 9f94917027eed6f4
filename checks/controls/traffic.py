"""Security groups and endpoints: traffic of the private network only, whichever ranges a rule is split into."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any

from checks.assembly import Assembly, Resource, as_list
from checks.control import Control, Found
from checks.controls.destinations import security_group
from checks.controls.network import STUDIO_NEEDS
from checks.documents import readable
from checks.ownership import STARPORT, canonical, own_bucket
from config.regions import PARTITIONS

GROUP, ENDPOINT, VPC = "AWS::EC2::SecurityGroup", "AWS::EC2::VPCEndpoint", "AWS::EC2::VPC"
HTTPS = 443
PRIVATE = tuple(
    map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"))
)
"""RFC 1918, RFC 6598 and RFC 4193."""
REGION = r"(\$\{AWS::Region\}|[a-z]{2,4}(-[a-z]+)+-\d)"
_DOMAINS = sorted({"amazonaws.com", *(domain for _, domain in PARTITIONS.values())})
_PREFIXES = "|".join(re.escape(".".join(reversed(domain.split(".")))) for domain in _DOMAINS)
SERVICE = re.compile(rf"({_PREFIXES})\.{REGION}\.[a-z0-9.-]+|aws\.sagemaker\.{REGION}\.[a-z]+")
"""The services of AWS, by its domain in each partition. A service of somebody else has `vpce` in its name."""
Rule = Mapping[str, Any]


def rules(assembly: Assembly, direction: str) -> Iterator[tuple[Resource, Rule]]:
    """(resource, rule) of every rule in one direction, written in a group or by itself."""
    for group in assembly.of(GROUP):
        yield from ((group, rule) for rule in as_list(group.get(f"SecurityGroup{direction}")) if isinstance(rule, dict))
    yield from ((rule, rule.properties) for rule in assembly.of(f"AWS::EC2::SecurityGroup{direction}"))


def private(value: Any, assembly: Assembly) -> bool:
    """Whether a range has no address of the internet. What is not known is not private."""
    if isinstance(value, str) and value.endswith("CidrBlock}"):
        return assembly.at(value, VPC, "AWS::EC2::Subnet") is not None
    try:
        range_ = ipaddress.ip_network(str(value), strict=False)
    except ValueError:
        return False
    return any(range_.version == inside.version and range_.subnet_of(inside) for inside in PRIVATE)  # type: ignore[arg-type]


def peers(rule: Rule) -> dict[str, Any]:
    """Where a rule's traffic comes from or goes to, by the name of the property."""
    names = (
        "CidrIp",
        "CidrIpv6",
        "SourcePrefixListId",
        "DestinationPrefixListId",
        "SourceSecurityGroupId",
        "DestinationSecurityGroupId",
        "SourceSecurityGroupName",
    )
    return {name: rule[name] for name in names if rule.get(name)}


def ingress(assembly: Assembly) -> Iterator[Found]:
    for resource, rule in rules(assembly, "Ingress"):
        found = peers(rule)
        known = all(_of_network(name, value, assembly) for name, value in found.items())
        if not found or not known or rule.get("SourceSecurityGroupOwnerId"):
            yield resource.label, ", ".join(map(str, found.values())) or "no source"


def _of_network(name: str, value: Any, assembly: Assembly) -> bool:
    if name.startswith("Cidr"):
        return private(value, assembly)
    return name.endswith("GroupId") and bool(security_group(value, assembly))


def egress(assembly: Assembly) -> Iterator[Found]:
    """HTTPS to AWS's endpoints may go anywhere: the network has no way out. All else stays in the network."""
    for group in assembly.of(GROUP):
        if not as_list(group.get("SecurityGroupEgress")):
            yield group.label, "without rules EC2 permits all traffic"
    for resource, rule in rules(assembly, "Egress"):
        https = (str(rule.get("IpProtocol")), rule.get("FromPort"), rule.get("ToPort")) in (
            ("tcp", HTTPS, HTTPS),
            ("6", HTTPS, HTTPS),
        )
        inside = all(_of_network(name, value, assembly) for name, value in peers(rule).items())
        if not https and not (inside and peers(rule)):
            nowhere = str(rule.get("CidrIp", "")).endswith("/32") and "255.255.255.255" in str(rule.get("CidrIp"))
            if not nowhere:
                yield resource.label, f"{rule.get('IpProtocol')} to {', '.join(map(str, peers(rule).values()))}"


def gateway_policies(assembly: Assembly) -> Iterator[Found]:
    """Through the gateway endpoint data could leave into any bucket."""
    for endpoint in assembly.of(ENDPOINT):
        if endpoint.get("VpcEndpointType") != "Gateway":
            continue
        items = [item for item in readable(endpoint.get("PolicyDocument")) if item["Effect"] == "Allow"]
        if not items:
            yield endpoint.label, "without a policy it allows everything"
        for item in items:
            actions = [str(action) for action in as_list(item.get("Action"))]
            places = [str(place) for place in as_list(item.get("Resource"))]
            strange = [place for place in places if not own_bucket(place, assembly) and not _layers(place, assembly)]
            if strange or not places or not actions or any(re.search(r"^\*|:[*?]", action) for action in actions):
                yield endpoint.label, ", ".join(strange or actions)


def _layers(place: str, assembly: Assembly) -> bool:
    found = re.fullmatch(r"arn:[^:]*:s3:::([^/]+)/\*", canonical(place, assembly))
    return found is not None and STARPORT.fullmatch(found[1]) is not None


def strange_services(assembly: Assembly) -> Iterator[Found]:
    for endpoint in assembly.of(ENDPOINT):
        name = str(endpoint.get("ServiceName"))
        if not SERVICE.fullmatch(name) or endpoint.get("ResourceConfigurationArn") or not _needed(name, endpoint):
            yield endpoint.label, name


def _needed(name: str, endpoint: Resource) -> bool:
    """Of the others many take data for any account: S3 does so through an interface, past the gateway's policy."""
    gateway = endpoint.get("VpcEndpointType") == "Gateway"
    return name.endswith(".s3") if gateway else name.endswith(tuple(f".{service}" for service in STUDIO_NEEDS))


CONTROLS = (
    Control("network.ingress", "accept traffic from the private network only", ingress),
    Control("network.egress", "send HTTPS, and other traffic within the private network only", egress),
    Control("network.s3-policy", "allow access to the platform's buckets only", gateway_policies),
    Control("network.services", "lead to a service of AWS that the platform uses", strange_services),
)
