"""Partitions of AWS: which one a region belongs to, and the domain that its registries and services end in."""

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
