"""Key, buckets and topic of the Storage stack, for the stacks that use them."""

from __future__ import annotations

from dataclasses import dataclass

from stacks.constructs.buckets import PrivateBucket
from stacks.constructs.key import PlatformKey
from stacks.constructs.notifications import Notifications


@dataclass(frozen=True)
class Store:
    """`data`: what people upload. `artifacts`: what the platform creates. Both are encrypted with `key`."""

    key: PlatformKey
    data: PrivateBucket
    artifacts: PrivateBucket
    topic: Notifications
