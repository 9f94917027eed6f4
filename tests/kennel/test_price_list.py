"""The Price List API, by answers of its shape: what is read, what stays from memory, what is refused."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from kennel.cloud import price_list
from kennel.errors import KennelError

REGION = "eu-central-1"
SERVICES = sorted({rate.service for rate in price_list._RATES.values()})
TODAY = date(2026, 12, 1)


def product(usage_type: str, usd: str, unit: str, *, term: str = "OnDemand") -> str:
    dimension = {"unit": unit, "pricePerUnit": {"USD": usd}, "beginRange": "0", "endRange": "Inf"}
    return json.dumps(
        {
            "product": {"productFamily": "any", "sku": "SKU", "attributes": {"usagetype": usage_type}},
            "terms": {term: {"SKU.JRTCKXETXF": {"priceDimensions": {"SKU.JRTCKXETXF.6YS6EN2CT7": dimension}}}},
        }
    )


ANSWERS: dict[str, list[str]] = {
    "AmazonSageMaker": [
        product("EUC1-Train:ml.m5.xlarge", "0.276", "Hrs"),
        product("EUC1-Host:ml.m5.xlarge", "0.2761", "Hrs"),
        product("EUC1-Studio:JupyterLab-ml.m5.xlarge", "9.0", "Hrs"),
        product("EUC1-Notebk:ml.t3.medium", "9.0", "Hrs"),
        product("EUC1-Train:ml.g5.xlarge", "0", "Hrs"),
        product("EUC1-Processing:ml.g5.xlarge", "1.76", "Hrs"),
        product("EUC1-Train:ml.p3.2xlarge", "1.0", "Hrs", term="Reserved"),
        product("EUC1-Host:VolumeUsage.gp2", "0.167", "GB-Mo"),
    ],
    "AmazonVPC": [
        product("EUC1-VpcEndpoint-Service-Hours", "5", "Hrs"),
        product("EUC1-VpcEndpoint-Hours", "0.012", "Hrs"),
        product("EUC1-VpcEndpoint-Bytes", "0.01", "GB"),
    ],
    "awskms": [product("eu-central-1-KMS-Keys", "1.0", "Keys")],
    "AmazonCloudWatch": [product("EUC1-CW:AlarmMonitorUsage", "0.1", "Alarms")],
    "AmazonS3": [
        product("EUC1-TimedStorage-ByteHrs", "0.0225", "GB-Mo"),
        product("EUC1-TimedStorage-ByteHrs", "0.0245", "GB-Mo"),
    ],
}


def read(answers: dict[str, list[str]]) -> Any:
    client = boto3.client(
        "pricing", region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing"
    )
    with Stubber(client) as stub:
        for service in SERVICES:
            filters = [{"Type": "TERM_MATCH", "Field": "regionCode", "Value": REGION}]
            asked = {"ServiceCode": service, "Filters": filters}
            found = answers.get(service, [])
            if len(found) > 1:
                stub.add_response("get_products", {"PriceList": found[:1], "NextToken": "more"}, asked)
                stub.add_response("get_products", {"PriceList": found[1:]}, {**asked, "NextToken": "more"})
            else:
                stub.add_response("get_products", {"PriceList": found}, asked)
        made = price_list.read(client, REGION, today=TODAY)
        stub.assert_no_pending_responses()
    return made


def test_instances_have_the_highest_price_of_jobs_and_hosting() -> None:
    found = read(ANSWERS)
    assert found.instance_hours == {"ml.g5.xlarge": 1.76, "ml.m5.xlarge": 0.2761}
    assert (found.region, found.date, found.source) == (REGION, "2026-12-01", "AWS Price List API")


def test_rates_that_the_api_gives_are_taken_and_the_others_named() -> None:
    found = read(ANSWERS)
    assert found.rates.volume_gb_month == 0.167 and found.rates.interface_endpoint_hour == 0.012
    assert found.rates.object_gb_month == 0.0245, "the highest tier: a guard must not be too low"
    assert set(found.from_memory) == {"image_gb_month", "log_gb", "log_gb_month", "dashboard_month", "build_minute"}


def test_a_region_without_instances_is_refused() -> None:
    with pytest.raises(KennelError, match="no SageMaker instance in eu-central-1: check the region"):
        read({})


def test_without_the_permission_it_says_which_one() -> None:
    client = boto3.client(
        "pricing", region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing"
    )
    with Stubber(client) as stub:
        stub.add_client_error("get_products", "AccessDeniedException", "not authorized")
        with pytest.raises(KennelError, match=r"did not answer: .*not authorized; .* pricing:GetProducts"):
            price_list.read(client, REGION, today=TODAY)
