"""Reads a region's prices from the AWS Price List API: free, and the same for every account."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from config.prices import PriceList, Rates
from kennel.errors import KennelError

API = "AWS Price List API"
API_REGION = "us-east-1"
"""One of the few regions that answer the API; it knows the prices of all."""
_INSTANCE = re.compile(r"(?:[A-Z0-9]+-)?(?:Train|Processing|Host|Tsform):(?P<type>ml\.[a-z0-9.-]+)")
"""Usage types such as `USE1-Train:ml.m5.xlarge`. Trial, Studio and reserved ones have other names."""
_PREFIX = r"(?:[A-Z0-9]+-)?"


@dataclass(frozen=True)
class _Rate:
    """A rate is the product of a service whose usage type matches; `unit` is the API's."""

    service: str
    usage_type: str
    unit: str


_RATES = {
    "volume_gb_month": _Rate("AmazonSageMaker", _PREFIX + r"Host:VolumeUsage\.gp2", "GB-Mo"),
    "interface_endpoint_hour": _Rate("AmazonVPC", _PREFIX + "VpcEndpoint-Hours", "Hrs"),
    "key_month": _Rate("awskms", r"[a-z0-9-]+-KMS-Keys", "Keys"),
    "image_gb_month": _Rate("AmazonECR", _PREFIX + "TimedStorage-ByteHrs", "GB-Mo"),
    "object_gb_month": _Rate("AmazonS3", _PREFIX + "TimedStorage-ByteHrs", "GB-Mo"),
    "log_gb": _Rate("AmazonCloudWatch", _PREFIX + "DataProcessing-Bytes", "GB"),
    "log_gb_month": _Rate("AmazonCloudWatch", _PREFIX + "TimedStorage-ByteHrs", "GB-Mo"),
    "alarm_month": _Rate("AmazonCloudWatch", _PREFIX + "CW:AlarmMonitorUsage", "Alarms"),
    "build_minute": _Rate("CodeBuild", _PREFIX + r"Build-Min:Linux:g1\.medium", "minutes"),
}
"""Field of `Rates` -> where it stands. What the API does not give stays from memory, and the list says so."""


@dataclass(frozen=True)
class _Price:
    usage_type: str
    unit: str
    usd: float


def client() -> Any:
    """With the caller's own credentials."""
    return boto3.client("pricing", region_name=API_REGION)


def read(pricing: Any, region: str, *, today: date) -> PriceList:
    """The list of `region` by a client of the service. Raises KennelError when it has none."""
    services = sorted({rate.service for rate in _RATES.values()})
    try:
        found = {service: list(_prices(pricing, service, region)) for service in services}
    except (BotoCoreError, ClientError) as error:
        raise KennelError(
            f"the {API} did not answer: {error}; it takes credentials that may call pricing:GetProducts"
        ) from None
    hours: dict[str, float] = {}
    for price in found["AmazonSageMaker"]:
        match = _INSTANCE.fullmatch(price.usage_type)
        if match and price.unit == "Hrs":
            hours[match["type"]] = max(price.usd, hours.get(match["type"], 0.0))
    if not hours:
        raise KennelError(f"the {API} has no SageMaker instance in {region}: check the region")
    rates = {name: usd for name, rate in _RATES.items() if (usd := _of(rate, found[rate.service])) is not None}
    return PriceList(
        region=region,
        date=today.isoformat(),
        source=API,
        instance_hours=dict(sorted(hours.items())),
        rates=Rates(**rates),
        from_memory=tuple(name for name in Rates.model_fields if name not in rates),
    )


def _of(rate: _Rate, prices: list[_Price]) -> float | None:
    """The highest of the tiers: a list that is rounded up refuses a run too early, never too late."""
    alike = (price for price in prices if price.unit.lower() == rate.unit.lower())
    return max((price.usd for price in alike if re.fullmatch(rate.usage_type, price.usage_type)), default=None)


def _prices(pricing: Any, service: str, region: str) -> Iterator[_Price]:
    """Every on-demand price above zero; free tiers are products of their own, at 0 USD."""
    pages = pricing.get_paginator("get_products").paginate(
        ServiceCode=service, Filters=[{"Type": "TERM_MATCH", "Field": "regionCode", "Value": region}]
    )
    for text in (text for page in pages for text in page["PriceList"]):
        product = json.loads(text)
        usage_type = product["product"]["attributes"].get("usagetype", "")
        for term in product["terms"].get("OnDemand", {}).values():
            for dimension in term["priceDimensions"].values():
                usd = float(dimension["pricePerUnit"].get("USD", 0))
                if usd > 0:
                    yield _Price(usage_type, dimension["unit"], usd)
