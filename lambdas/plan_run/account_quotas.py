"""Reads from Service Quotas what a run needs to know, and no longer than a run may wait for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.common.clients import quick_client
from lambdas.plan_run.quotas import Quota

PAGE = 100
"""The most that the service gives at once; by default it is 20, of about 2,400 quotas of SageMaker."""
BUDGET_SECONDS = 25.0
"""Of PlanRun's 60, after which the run goes on with a note."""
PAUSE_SECONDS = 1.0
List = Callable[..., Any]
_THROTTLED = ("TooManyRequestsException", "ThrottlingException", "Throttling")


@dataclass
class AccountQuotas:
    """What was found, by name, and a sentence about what was not."""

    found: dict[str, Quota] = field(default_factory=dict)
    note: str = ""


def read(names: Collection[str]) -> AccountQuotas:
    """The quotas of these names. Where the account has no value of its own, AWS's default.

    Throttling, a refusal or a slow answer becomes the note: a run is not to fail because it cannot be checked. A quota
    that neither list has is left out without a note.
    """
    answer = AccountQuotas()
    deadline = time.monotonic() + BUDGET_SECONDS
    try:
        for list_quotas in (_applied, _defaults):
            _collect(list_quotas, set(names), answer.found, deadline)
    except TimeoutError:
        missing = len(set(names) - set(answer.found))
        answer.note = (
            f"{missing} of {len(names)} quotas were not checked: Service Quotas did not list them within "
            f"{BUDGET_SECONDS:.0f} seconds"
        )
    except (ClientError, BotoCoreError) as error:
        answer.note = f"quotas were not checked: {error}"
    return answer


def _applied(**request: Any) -> Any:
    return quick_client("service-quotas").list_service_quotas(**request)


def _defaults(**request: Any) -> Any:
    return quick_client("service-quotas").list_aws_default_service_quotas(**request)


def _collect(list_quotas: List, names: set[str], found: dict[str, Quota], deadline: float) -> None:
    """Read pages until every name is found. Raises TimeoutError at the deadline."""
    token = ""
    while names - set(found):
        page = _page(list_quotas, token, deadline)
        for row in page["Quotas"]:
            if row["QuotaName"] in names and "Value" in row:
                found.setdefault(row["QuotaName"], Quota(row["Value"], row["QuotaCode"]))
        token = page.get("NextToken", "")
        if not token:
            return


def _page(list_quotas: List, token: str, deadline: float) -> Any:
    """One page; while the service throttles, again after a pause."""
    request = {"ServiceCode": "sagemaker", "MaxResults": PAGE, **({"NextToken": token} if token else {})}
    while time.monotonic() < deadline:
        try:
            return list_quotas(**request)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _THROTTLED:
                raise
            time.sleep(PAUSE_SECONDS)
    raise TimeoutError
