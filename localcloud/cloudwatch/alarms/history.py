"""What happened to alarms: DescribeAlarmHistory's items."""

from __future__ import annotations

import datetime
import json
import threading
from collections.abc import Mapping
from typing import Any

_MAX_ITEMS = 10_000


class AlarmHistory:
    """Items of all alarms, oldest first."""

    def __init__(self) -> None:
        self._items: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def add(self, name: str, kind: str, item_type: str, summary: str, data: Mapping[str, Any]) -> None:
        """kind: MetricAlarm or CompositeAlarm. item_type: ConfigurationUpdate, StateUpdate or Action."""
        item = {
            "AlarmName": name,
            "AlarmType": kind,
            "Timestamp": datetime.datetime.now(datetime.UTC),
            "HistoryItemType": item_type,
            "HistorySummary": summary,
            "HistoryData": json.dumps({"version": "1.0", **data}, default=str),
        }
        with self._lock:
            self._items = [*self._items[-_MAX_ITEMS + 1 :], item]

    def find(self, query: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The items that a DescribeAlarmHistory request asks for, newest first unless it says otherwise."""
        with self._lock:
            items = list(self._items)
        kept = [item for item in items if _matches(item, query)]
        if query.get("ScanBy", "TimestampDescending") == "TimestampDescending":
            kept.reverse()
        return kept[: query.get("MaxRecords") or 100]


def _matches(item: Mapping[str, Any], query: Mapping[str, Any]) -> bool:
    kinds = query.get("AlarmTypes") or ["MetricAlarm"]
    if query.get("AlarmName"):
        kinds = ["MetricAlarm", "CompositeAlarm"]
    return (
        query.get("AlarmName") in (None, item["AlarmName"])
        and query.get("HistoryItemType") in (None, item["HistoryItemType"])
        and item["AlarmType"] in kinds
        and (query.get("StartDate") is None or item["Timestamp"] >= _aware(query["StartDate"]))
        and (query.get("EndDate") is None or item["Timestamp"] <= _aware(query["EndDate"]))
    )


def _aware(moment: datetime.datetime) -> datetime.datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
