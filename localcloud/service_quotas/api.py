"""The operations of Service Quotas, with pages and a limit on calls as in AWS."""

from __future__ import annotations

import datetime
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict

from localcloud.errors import AwsError, not_emulated
from localcloud.server import Application
from localcloud.service_quotas.account import AccountQuotas
from localcloud.service_quotas.catalogue import SERVICE_NAMES, Quota, quotas

Answer = dict[str, object]
DEFAULT_PAGE, MAX_PAGE = 20, 100
CALLS_PER_SECOND, BURST = 5.0, 10.0
"""AWS does not say them in its API's reference; people meet the limit at a few calls a second."""


def install(account: AccountQuotas, app: Application, region: str, account_id: str) -> None:
    """Answer Service Quotas in place of moto, and take orders of values."""
    service = ServiceQuotas(account, region, account_id)
    for name, function in service.operations().items():
        app.operation("servicequotas", name, function)
    app.allow_only("servicequotas", ())
    app.add_handler(account.handle)


class QuotaRequest(TypedDict, total=False):
    """The fields of all requests that are read here."""

    ServiceCode: str
    QuotaCode: str
    DesiredValue: float
    RequestId: str
    Status: str
    NextToken: str
    MaxResults: int


class ServiceQuotas:
    """One method per operation."""

    def __init__(self, account: AccountQuotas, region: str, account_id: str) -> None:
        self._account = account
        self._region = region
        self._account_id = account_id
        self._changes: list[Answer] = []
        self._rates: dict[str, _Rate] = {}

    def operations(self) -> Mapping[str, Callable[[QuotaRequest], Answer]]:
        operations = {
            "ListServiceQuotas": self._list,
            "ListAWSDefaultServiceQuotas": self._list_defaults,
            "GetServiceQuota": self._get,
            "GetAWSDefaultServiceQuota": self._get_default,
            "RequestServiceQuotaIncrease": self._request,
            "GetRequestedServiceQuotaChange": self._get_change,
            "ListRequestedServiceQuotaChangeHistory": self._list_changes,
            "ListRequestedServiceQuotaChangeHistoryByQuota": self._list_changes,
            "ListServices": self._list_services,
        }
        self._rates = {name: _Rate() for name in operations}
        return {name: self._limited(name, function) for name, function in operations.items()}

    def _limited(self, name: str, function: Callable[[QuotaRequest], Answer]) -> Callable[[QuotaRequest], Answer]:
        def call(request: QuotaRequest) -> Answer:
            if not self._rates[name].allows():
                raise AwsError("TooManyRequestsException", "Rate exceeded")
            return function(request)

        return call

    def _list(self, request: QuotaRequest) -> Answer:
        rows = [row for row in _rows(request).values() if request.get("QuotaCode") in (None, row.code)]
        found, more = _page(rows, request)
        return {"Quotas": [self._applied(row) for row in found], **more}

    def _list_defaults(self, request: QuotaRequest) -> Answer:
        found, more = _page(list(_rows(request).values()), request)
        return {"Quotas": [self._default(row) for row in found], **more}

    def _get(self, request: QuotaRequest) -> Answer:
        return {"Quota": self._applied(_find(request))}

    def _get_default(self, request: QuotaRequest) -> Answer:
        return {"Quota": self._default(_find(request))}

    def _request(self, request: QuotaRequest) -> Answer:
        """Recorded and pending: nobody grants it here; an order sets the value."""
        row = _find(request)
        value = self._account.value(row.service, row.name)
        if request["DesiredValue"] <= value:
            raise AwsError(
                "IllegalArgumentException", "You must provide a quota value greater than the current quota value"
            )
        if any(change["QuotaCode"] == row.code and change["Status"] == "PENDING" for change in self._changes):
            raise AwsError("ResourceAlreadyExistsException", "Only one open service quota increase request is allowed")
        now = datetime.datetime.now(datetime.UTC)
        change = {
            **{name: field for name, field in self._applied(row).items() if name in _OF_A_CHANGE},
            "Id": uuid.uuid4().hex,
            "DesiredValue": request["DesiredValue"],
            "Status": "PENDING",
            "Created": now,
            "LastUpdated": now,
        }
        self._changes.append(change)
        return {"RequestedQuota": change}

    def _get_change(self, request: QuotaRequest) -> Answer:
        for change in self._changes:
            if change["Id"] == request["RequestId"]:
                return {"RequestedQuota": change}
        raise AwsError("NoSuchResourceException", "The request failed because the specified service does not exist.")

    def _list_changes(self, request: QuotaRequest) -> Answer:
        wanted = ("ServiceCode", "QuotaCode", "Status")
        given: dict[str, Any] = {name: value for name, value in request.items() if name in wanted}
        rows = [change for change in self._changes if all(change[name] == value for name, value in given.items())]
        found, more = _page(rows, request)
        return {"RequestedQuotas": list(found), **more}

    def _list_services(self, request: QuotaRequest) -> Answer:
        rows = [{"ServiceCode": code, "ServiceName": name} for code, name in SERVICE_NAMES.items()]
        found, more = _page(rows, request)
        return {"Services": list(found), **more}

    def _applied(self, row: Quota) -> Answer:
        return {
            **self._default(row),
            "QuotaArn": f"arn:aws:servicequotas:{self._region}:{self._account_id}:{row.service}/{row.code}",
            "Value": self._account.value(row.service, row.name),
            "QuotaAppliedAtLevel": "ACCOUNT",
        }

    def _default(self, row: Quota) -> Answer:
        return {
            "ServiceCode": row.service,
            "ServiceName": SERVICE_NAMES[row.service],
            "QuotaArn": f"arn:aws:servicequotas:{self._region}::{row.service}/{row.code}",
            "QuotaCode": row.code,
            "QuotaName": row.name,
            "Value": row.default,
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
        }


_OF_A_CHANGE = ("ServiceCode", "ServiceName", "QuotaArn", "QuotaCode", "QuotaName", "Unit", "GlobalQuota")


class _Rate:
    """A token bucket."""

    def __init__(self) -> None:
        self._tokens, self._at = BURST, time.monotonic()
        self._lock = threading.Lock()

    def allows(self) -> bool:
        with self._lock:
            now = time.monotonic()
            self._tokens = min(BURST, self._tokens + (now - self._at) * CALLS_PER_SECOND)
            self._at = now
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True


def _rows(request: QuotaRequest) -> dict[str, Quota]:
    if request["ServiceCode"] not in SERVICE_NAMES:
        raise not_emulated("servicequotas", f"the quotas of {request['ServiceCode']}")
    return quotas(request["ServiceCode"])


def _find(request: QuotaRequest) -> Quota:
    for row in _rows(request).values():
        if row.code == request["QuotaCode"]:
            return row
    raise AwsError(
        "NoSuchResourceException", "The request failed because the specified quota does not exist in the service."
    )


def _page(rows: Sequence[Any], request: QuotaRequest) -> tuple[Sequence[Any], dict[str, str]]:
    """One page of rows, and NextToken where more follow."""
    size = request.get("MaxResults", DEFAULT_PAGE)
    if not 1 <= size <= MAX_PAGE:
        raise AwsError("IllegalArgumentException", f"MaxResults must be between 1 and {MAX_PAGE}")
    token = request.get("NextToken", "0")
    if not token.isdecimal() or int(token) > len(rows):
        raise AwsError("InvalidPaginationTokenException", "Invalid token was provided.")
    end = int(token) + size
    return rows[int(token) : end], {"NextToken": str(end)} if end < len(rows) else {}
