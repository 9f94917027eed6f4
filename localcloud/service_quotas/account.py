"""What the account has of each quota and what it uses: the place where a request that needs more is refused."""

from __future__ import annotations

import contextlib
import fnmatch
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from werkzeug.wrappers import Response

from localcloud.errors import AwsError
from localcloud.http_requests import Environ, read_json
from localcloud.service_quotas.catalogue import (
    NEW_ACCOUNT,
    PER_JOB,
    SERVICE_NAMES,
    TOTALS,
    TRIALS_AT_ONCE,
    quotas,
    usage_name,
)

PATH = "/_localcloud/quotas"


@dataclass(frozen=True)
class Use:
    """`count` instances of a type, for a kind of use that is a key of TOTALS."""

    kind: str
    instance_type: str
    count: int


class AccountQuotas:
    """Values by order, uses by those who have instances."""

    def __init__(self) -> None:
        self._orders: list[tuple[str, float]] = []
        self._uses: list[Callable[[], Iterable[Use]]] = []
        self._lock = threading.RLock()

    def set(self, name: str, value: float) -> None:
        """From now on the account has `value` of every quota whose name matches; * and ? are wildcards.

        ValueError where none does, or the value is negative. What already runs goes on.
        """
        if value < 0:
            raise ValueError(f"the value of a quota ({value}) must not be negative")
        known = [quota for service in SERVICE_NAMES for quota in quotas(service)]
        if not fnmatch.filter(known, name):
            raise ValueError(f"no quota is called {name!r}: names are those of Service Quotas, * and ? match")
        with self._lock:
            self._orders.append((name, float(value)))

    def new_account(self) -> None:
        """The values of an account that was made today."""
        self.forget()
        for name, value in NEW_ACCOUNT:
            self.set(name, value)

    def forget(self) -> None:
        """Back to the defaults."""
        with self._lock:
            self._orders.clear()

    def orders(self) -> list[dict[str, object]]:
        with self._lock:
            return [{"name": name, "value": value} for name, value in self._orders]

    def value(self, service: str, name: str) -> float:
        """KeyError for a quota that does not exist."""
        default = quotas(service)[name].default
        with self._lock:
            ordered = [value for pattern, value in self._orders if fnmatch.fnmatchcase(name, pattern)]
        return ordered[-1] if ordered else default

    def count(self, uses: Callable[[], Iterable[Use]]) -> None:
        """Ask `uses` for instances that are in use whenever somebody wants more."""
        self._uses.append(uses)

    @contextlib.contextmanager
    def admit(self, wanted: Use, *, largest_job: int | None = None) -> Iterator[None]:
        """Hold others back until the instances are in use. AwsError ResourceLimitExceeded where a quota is too low.

        largest_job: the instances of one job, where several jobs make up what is wanted.
        """
        with self._lock:
            self._require(PER_JOB.get(wanted.kind, ""), 0, largest_job or wanted.count)
            in_use = [use for uses in self._uses for use in uses() if use.kind == wanted.kind]
            of_type = sum(use.count for use in in_use if use.instance_type == wanted.instance_type)
            self._require(usage_name(wanted.kind, wanted.instance_type), of_type, wanted.count)
            self._require(TOTALS[wanted.kind], sum(use.count for use in in_use), wanted.count)
            yield

    def require_trials(self, at_once: int) -> None:
        """AwsError ResourceLimitExceeded for a search with more trials at once than the account may have."""
        self._require(TRIALS_AT_ONCE, 0, at_once, unit="Training Jobs")

    def _require(self, name: str, used: int, wanted: int, *, unit: str = "Instances") -> None:
        if name not in quotas("sagemaker"):
            return
        limit = int(self.value("sagemaker", name))
        if used + wanted > limit:
            raise AwsError(
                "ResourceLimitExceeded",
                f"The account-level service limit '{name}' is {limit} {unit}, with current utilization of {used} "
                f"{unit} and a request delta of {wanted} {unit}. Please use AWS Service Quotas to request an increase "
                "for this quota. If AWS Service Quotas is not available, contact AWS support to request an increase "
                "for this quota.",
            )

    def handle(self, environ: Environ) -> Response | None:
        """POST an order (`name` and `value`, or `new_account`), GET all orders, DELETE them."""
        if environ.get("PATH_INFO") != PATH:
            return None
        if environ["REQUEST_METHOD"] == "POST":
            try:
                self._order(read_json(environ))
            except (TypeError, ValueError) as error:
                return Response(json.dumps({"error": str(error)}), 400, content_type="application/json")
        elif environ["REQUEST_METHOD"] == "DELETE":
            self.forget()
        return Response(json.dumps(self.orders()), content_type="application/json")

    def _order(self, fields: dict[str, object]) -> None:
        if fields == {"new_account": True}:
            self.new_account()
        elif set(fields) == {"name", "value"} and isinstance(fields["value"], int | float):
            self.set(str(fields["name"]), fields["value"])
        else:
            raise ValueError('give {"name": ..., "value": number}, or {"new_account": true}')
