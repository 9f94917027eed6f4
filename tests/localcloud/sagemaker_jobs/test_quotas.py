"""Service Quotas of the local cloud: lists, pages, the limit on calls, orders, and what is refused for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud import LocalCloud, orders, quota
from localcloud.service_quotas import catalogue
from localcloud.service_quotas.catalogue import PER_JOB, TOTALS, TRIALS_AT_ONCE

NAME = "ml.m5.large for training job usage"


@pytest.fixture(autouse=True)
def forgotten(local_cloud: LocalCloud) -> Iterator[None]:
    yield
    local_cloud.cloud.quotas.forget()


@pytest.fixture
def quotas(client: Callable[[str], Any]) -> Any:
    return client("service-quotas")


def patiently(call: Callable[..., Any], **request: Any) -> Any:
    """The client of the local cloud does not try again by itself."""
    while True:
        try:
            return call(**request)
        except ClientError as error:
            if error.response["Error"]["Code"] != "TooManyRequestsException":
                raise
            time.sleep(0.2)


def pages(call: Callable[..., Any], size: int) -> Iterator[list[dict[str, Any]]]:
    token = None
    while True:
        more = {"NextToken": token} if token else {}
        answer = patiently(call, ServiceCode="sagemaker", MaxResults=size, **more)
        yield answer["Quotas"]
        token = answer.get("NextToken")
        if token is None:
            return


def refusal(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call(**request)
    return refused.value.response["Error"]["Code"], refused.value.response["Error"]["Message"]


def test_there_are_as_many_as_in_an_account_twenty_at_a_time(quotas: Any) -> None:
    assert len(patiently(quotas.list_service_quotas, ServiceCode="sagemaker")["Quotas"]) == 20
    found = list(pages(quotas.list_service_quotas, 100))
    rows = [row for page in found for row in page]
    names = {row["QuotaName"] for row in rows}
    assert 2300 < len(rows) == len(names) < 2500 and len({row["QuotaCode"] for row in rows}) == len(rows)
    assert {NAME, TOTALS["spot training"], PER_JOB["training"], TRIALS_AT_ONCE} <= names
    assert all(len(page) == 100 for page in found[:-1])
    assert refusal(quotas.list_service_quotas, ServiceCode="sagemaker", NextToken="x")[0] in (
        "InvalidPaginationTokenException",
        "TooManyRequestsException",
    )


def test_calls_are_limited(quotas: Any) -> None:
    codes = []
    for _ in range(40):
        try:
            quotas.list_aws_default_service_quotas(ServiceCode="codebuild")
        except ClientError as error:
            codes.append(error.response["Error"]["Code"])
    assert codes and set(codes) == {"TooManyRequestsException"}


def test_an_order_sets_what_the_account_has_but_not_the_default(local_cloud: LocalCloud, quotas: Any) -> None:
    code = catalogue.quotas("sagemaker")[NAME].code
    request = {"ServiceCode": "sagemaker", "QuotaCode": code}
    local_cloud.cloud.quotas.set("ml.m5.*", 2)
    local_cloud.cloud.quotas.set(NAME, 7)
    assert quotas.get_service_quota(**request)["Quota"]["Value"] == 7
    assert quotas.get_aws_default_service_quota(**request)["Quota"]["Value"] == 100
    with pytest.raises(ValueError, match=r"no quota is called 'ml.m5'"):
        local_cloud.cloud.quotas.set("ml.m5", 1)
    with pytest.raises(ValueError, match="must not be negative"):
        local_cloud.cloud.quotas.set(NAME, -1)


def test_orders_are_given_by_command_and_http(local_cloud: LocalCloud, capsys: pytest.CaptureFixture[str]) -> None:
    port = ["--port", local_cloud.url.rpartition(":")[2]]
    assert quota.main(["* for endpoint usage", "0", *port]) == 0
    assert capsys.readouterr().out == "* for endpoint usage: 0\n"
    assert orders.ask(local_cloud.cloud.client, "/_localcloud/quotas") == [{"name": "* for endpoint usage", "value": 0}]
    assert quota.main(["nothing", "0", *port]) == 1
    assert "no quota is called 'nothing'" in capsys.readouterr().err
    assert quota.main(["--new-account", *port]) == 0
    assert local_cloud.cloud.quotas.value("sagemaker", "ml.c7i.large for endpoint usage") == 0
    assert local_cloud.cloud.quotas.value("sagemaker", TOTALS["training"]) == 4
    assert quota.main(["--reset", *port]) == 0
    assert local_cloud.cloud.quotas.orders() == []


def test_a_request_for_more_stays_pending(quotas: Any) -> None:
    request = {"ServiceCode": "sagemaker", "QuotaCode": catalogue.quotas("sagemaker")[NAME].code}
    made = quotas.request_service_quota_increase(**request, DesiredValue=200)["RequestedQuota"]
    assert (made["Status"], made["DesiredValue"], made["QuotaName"]) == ("PENDING", 200, NAME)
    listed = quotas.list_requested_service_quota_change_history(ServiceCode="sagemaker")["RequestedQuotas"]
    assert [change["Id"] for change in listed] == [made["Id"]]
    assert quotas.get_service_quota(**request)["Quota"]["Value"] == 100
    assert refusal(quotas.request_service_quota_increase, **request, DesiredValue=300)[0] == (
        "ResourceAlreadyExistsException"
    )
    assert refusal(quotas.request_service_quota_increase, **request, DesiredValue=1)[0] == "IllegalArgumentException"


def test_what_is_not_emulated_is_refused_by_name(quotas: Any) -> None:
    assert refusal(quotas.get_service_quota, ServiceCode="vpc", QuotaCode="L-F678F1CE") == (
        "NotImplemented",
        "localcloud does not emulate servicequotas:the quotas of vpc",
    )
    assert "servicequotas:AssociateServiceQuotaTemplate" in refusal(quotas.associate_service_quota_template)[1]


def test_a_training_job_above_its_quota_is_refused_as_sagemaker_does(
    local_cloud: LocalCloud, sagemaker: Any, shell_request: Any
) -> None:
    local_cloud.cloud.quotas.set(NAME, 1)
    sagemaker.create_training_job(**shell_request("quota-first", "sleep 60"))
    code, message = refusal(sagemaker.create_training_job, **shell_request("quota-second", "true"))
    assert code == "ResourceLimitExceeded"
    assert message.startswith(
        f"The account-level service limit '{NAME}' is 1 Instances, with current utilization of 1 Instances and a "
        "request delta of 1 Instances. Please use AWS Service Quotas to request an increase for this quota."
    )
    spot = {"EnableManagedSpotTraining": True, "StoppingCondition": {"MaxRuntimeInSeconds": 60,
            "MaxWaitTimeInSeconds": 60}}  # fmt: skip
    sagemaker.create_training_job(**shell_request("quota-spot", "true", **spot))
    sagemaker.stop_training_job(TrainingJobName="quota-first")
    sagemaker.get_waiter("training_job_completed_or_stopped").wait(
        TrainingJobName="quota-first", WaiterConfig={"Delay": 1}
    )
    sagemaker.create_training_job(**shell_request("quota-third", "true"))


def test_the_total_of_all_types_is_a_limit_too(local_cloud: LocalCloud, sagemaker: Any, shell_request: Any) -> None:
    local_cloud.cloud.quotas.set(TOTALS["training"], 0)
    code, message = refusal(sagemaker.create_training_job, **shell_request("quota-total", "true"))
    assert code == "ResourceLimitExceeded" and f"'{TOTALS['training']}' is 0 Instances" in message
