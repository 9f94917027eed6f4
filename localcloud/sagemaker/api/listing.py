"""List operations: filters, order and pages."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypedDict, TypeVar

from localcloud.sagemaker.api.validation import validation_error

Moment = float | str  # seconds since 1970, or ISO 8601
SortKey = str | float | datetime.datetime


class PageQuery(TypedDict, total=False):
    """The fields of a List request that page() reads."""

    NextToken: str
    MaxResults: int


class ListQuery(PageQuery, total=False):
    """The fields of a List request that select() reads."""

    SortBy: str
    SortOrder: str
    NameContains: str
    StatusEquals: str
    CreationTimeAfter: Moment
    CreationTimeBefore: Moment
    LastModifiedTimeAfter: Moment
    LastModifiedTimeBefore: Moment


class Listed(Protocol):
    """The fields of a record that the filters and orders of a List operation use."""

    name: str
    status: str
    created: datetime.datetime
    modified: datetime.datetime


L = TypeVar("L", bound=Listed)


def select(
    records: Iterable[L], query: ListQuery, *, sort_by: str = "CreationTime", sort_order: str = "Ascending"
) -> list[L]:
    """The records that pass a List request's filters, in its order.

    sort_by, sort_order: the operation's defaults.
    """
    kept = [record for record in records if _passes(record, query)]
    keys: dict[str, Callable[[L], SortKey]] = {
        "Name": lambda record: record.name,
        "CreationTime": lambda record: record.created,
        "Status": lambda record: record.status,
    }
    descending = query.get("SortOrder", sort_order) == "Descending"
    return sorted(kept, key=keys[query.get("SortBy", sort_by)], reverse=descending)


def _passes(record: Listed, query: ListQuery) -> bool:
    return (
        _is_between(record.created, query.get("CreationTimeAfter"), query.get("CreationTimeBefore"))
        and _is_between(record.modified, query.get("LastModifiedTimeAfter"), query.get("LastModifiedTimeBefore"))
        and query.get("NameContains", "").lower() in record.name.lower()
        and query.get("StatusEquals") in (None, record.status)
    )


def _is_between(moment: datetime.datetime, after: Moment | None, before: Moment | None) -> bool:
    """Whether `moment` is strictly after `after` and strictly before `before`, if they are given."""
    seconds = moment.timestamp()
    return (after is None or seconds > _epoch(after)) and (before is None or seconds < _epoch(before))


def _epoch(value: Moment) -> float:
    if isinstance(value, str):
        return datetime.datetime.fromisoformat(value).timestamp()
    return float(value)


def page(items: Sequence[object], query: PageQuery, key: str, default_size: int = 10) -> dict[str, object]:
    """One page of `items` under `key`, with the token of the next page if there is one."""
    try:
        start = int(query.get("NextToken") or 0)
    except ValueError:
        raise validation_error("Invalid NextToken: this operation did not return it") from None
    end = start + int(query.get("MaxResults") or default_size)
    answer: dict[str, object] = {key: items[start:end]}
    if end < len(items):
        answer["NextToken"] = str(end)
    return answer
