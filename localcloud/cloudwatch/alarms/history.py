"""The history of alarms: DescribeAlarmHistory's items."""

from __future__ import annotations

import datetime
import json
import threading
from collections.abc import Mapping
from typing import TypedDict

_MAX_ITEMS = 10_000


class HistoryItem(TypedDict):
    """One item, as DescribeAlarmHistory answers it."""

    AlarmName: str
    AlarmType: str
    Timestamp: datetime.datetime
    HistoryItemType: str
    HistorySummary: str
    HistoryData: str


class DescribeAlarmHistory(TypedDict, total=False):
    AlarmName: str
    AlarmTypes: list[str]
    HistoryItemType: str
    StartDate: datetime.datetime
    EndDate: datetime.datetime
    MaxRecords: int
    ScanBy: str


class AlarmHistory:
    """Items of all alarms, oldest first."""

    def __init__(self) -> None:
        self._items: list[HistoryItem] = []
        self._lock = threading.Lock()

    def add(self, name: str, kind: str, item_type: str, summary: str, data: Mapping[str, object]) -> None:
        """kind: MetricAlarm or CompositeAlarm. item_type: ConfigurationUpdate, StateUpdate or Action."""
        item: HistoryItem = {
            "AlarmName": name,
            "AlarmType": kind,
            "Timestamp": datetime.datetime.now(datetime.UTC),
            "HistoryItemType": item_type,
            "HistorySummary": summary,
            "HistoryData": json.dumps({"version": "1.0", **data}, default=str),
        }
        with self._lock:
            self._items = [*self._items[-_MAX_ITEMS + 1 :], item]

    def find(self, request: DescribeAlarmHistory) -> list[HistoryItem]:
        """The items that a DescribeAlarmHistory request asks for, newest first unless it says otherwise."""
        with self._lock:
            items = list(self._items)
        kept = [item for item in items if _matches(item, request)]
        if request.get("ScanBy", "TimestampDescending") == "TimestampDescending":
            kept.reverse()
        return kept[: request.get("MaxRecords") or 100]


def _matches(item: HistoryItem, request: DescribeAlarmHistory) -> bool:
    kinds = request.get("AlarmTypes") or ["MetricAlarm"]
    if request.get("AlarmName"):
        kinds = ["MetricAlarm", "CompositeAlarm"]
    return (
        request.get("AlarmName") in (None, item["AlarmName"])
        and request.get("HistoryItemType") in (None, item["HistoryItemType"])
        and item["AlarmType"] in kinds
        and ((start := request.get("StartDate")) is None or item["Timestamp"] >= _aware(start))
        and ((end := request.get("EndDate")) is None or item["Timestamp"] <= _aware(end))
    )


def _aware(moment: datetime.datetime) -> datetime.datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
