"""What differs by region: the partition, the domain of registries and services, and which resource types exist."""

from __future__ import annotations

PARTITIONS = {
    "cn-": ("aws-cn", "amazonaws.com.cn"),
    "us-gov-": ("aws-us-gov", "amazonaws.com"),
    "us-iso-": ("aws-iso", "c2s.ic.gov"),
    "us-isob-": ("aws-iso-b", "sc2s.sgov.gov"),
    "us-isof-": ("aws-iso-f", "csp.hci.ic.gov"),
    "eu-isoe-": ("aws-iso-e", "cloud.adc-e.uk"),
    "eusc-": ("aws-eusc", "amazonaws.eu"),
}
"""First part of a region's name -> partition and domain, as botocore has them (a test compares). Others: `aws`."""


def partition(region: str) -> str:
    """`cn-north-1` -> `aws-cn`."""
    return _entry(region)[0]


def domain(region: str) -> str:
    """`cn-north-1` -> `amazonaws.com.cn`."""
    return _entry(region)[1]


def registry(account: str, region: str) -> str:
    """The host of an account's Amazon ECR registry. `account` may be a reference that CloudFormation resolves."""
    return f"{account}.dkr.ecr.{region}.{domain(region)}"


def _entry(region: str) -> tuple[str, str]:
    return next((entry for start, entry in PARTITIONS.items() if region.startswith(start)), ("aws", "amazonaws.com"))


CONSOLES = {"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}
"""Host of the console by partition, where it is not AWS's usual one."""


def console(region: str) -> str:
    """`us-east-1` -> `us-east-1.console.aws.amazon.com`."""
    return f"{region}.{CONSOLES.get(partition(region), 'console.aws.amazon.com')}"


_DIRECTIONS = {"northeast": "ne", "northwest": "nw", "southeast": "se", "southwest": "sw", "north": "n", "south": "s",
               "east": "e", "west": "w", "central": "c", "gov": "g"}  # fmt: skip
ZONES_UNPROVEN = frozenset(
    ("eu-isoe-west-1", "eusc-de-east-1", "me-west-1", "us-iso-east-1", "us-isob-east-1", "us-isof-east-1",
     "us-isof-south-1")
)  # fmt: skip
"""Regions with training images whose zone ids no list has shown: the scheme of the others is not assumed there."""


def zone_prefix(region: str) -> str | None:
    """`us-east-1` -> `use1`, with which the ids of its zones begin (`use1-az4`). None where that is not proven.

    "AWS Availability Zones" in AWS's global infrastructure guide; a test compares it with moto's list of the zones.
    """
    return None if region in ZONES_UNPROVEN else "".join(_DIRECTIONS.get(part, part) for part in region.split("-"))


NOT_IN: dict[str, frozenset[str]] = {
    kind: frozenset(names.split())
    for kind, names in {
        "AWS::Budgets::Budget": "af-south-1 ap-east-1 ap-east-2 ap-northeast-3 ap-south-2 ap-southeast-3 "
        "ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 ca-west-1 eu-central-2 eu-north-1 "
        "eu-south-1 eu-south-2 il-central-1 me-central-1 mx-central-1 us-gov-east-1 us-gov-west-1",
        "AWS::CodeBuild::Project": "ap-east-2 ca-west-1 mx-central-1",
        "AWS::SageMaker::Domain": "ca-west-1 mx-central-1",
        "AWS::SageMaker::Endpoint": "me-central-1 us-gov-east-1",
        "AWS::SageMaker::EndpointConfig": "me-central-1 us-gov-east-1",
        "AWS::SageMaker::Model": "me-central-1 us-gov-east-1",
        "AWS::SageMaker::UserProfile": "ap-south-2 ap-southeast-4 ca-west-1 mx-central-1",
    }.items()
}
"""Resource type -> regions whose CloudFormation does not list it, of the types that we use and the regions that have
training images. From cfn-lint's copy of CloudFormation's lists, which may lag behind a new region; a test compares."""


def has(kind: str, region: str) -> bool:
    """Whether CloudFormation lists a resource type in a region."""
    return region not in NOT_IN.get(kind, ())
