"""What holds everything: handed to whoever must grant or need access."""

from __future__ import annotations

from dataclasses import dataclass

from stacks.constructs.buckets import PrivateBucket
from stacks.constructs.key import PlatformKey
from stacks.constructs.notifications import NotificationTopic


@dataclass(frozen=True)
class Store:
    """`data` holds what people upload, `artifacts` what the platform makes of it, both under `key`."""

    key: PlatformKey
    data: PrivateBucket
    artifacts: PrivateBucket
    topic: NotificationTopic
