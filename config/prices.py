"""List prices by which a run is refused before it is paid for. Rounded up; never fetched: synth needs no network.

USD, on demand, us-east-1. Other regions cost up to about half more: check their price list before you rely on these.
"""

from __future__ import annotations

import re

from config import instances
from config.base import ConfigError

PRICED_REGION = "us-east-1"

_XLARGE_PER_HOUR = {
    "m5": 0.23, "m5d": 0.271, "m6i": 0.23, "m6id": 0.285, "m7i": 0.242, "m8i": 0.254,
    "c5": 0.204, "c5d": 0.23, "c6i": 0.204, "c6id": 0.242, "c7i": 0.215, "c8i": 0.225,
    "r5": 0.303, "r5d": 0.346, "r6i": 0.303, "r7i": 0.318, "m7a": 0.279, "c7a": 0.247,
}  # fmt: skip
"""CPU families: the price of the size `xlarge`; the other sizes are multiples of it."""

_PER_HOUR = {
    "ml.t3.medium": 0.05, "ml.t3.large": 0.10, "ml.t3.xlarge": 0.20, "ml.t3.2xlarge": 0.40,
    "ml.g4dn.xlarge": 0.74, "ml.g4dn.2xlarge": 0.94, "ml.g4dn.4xlarge": 1.51, "ml.g4dn.8xlarge": 2.72,
    "ml.g4dn.12xlarge": 4.89, "ml.g4dn.16xlarge": 5.44,
    "ml.g5.xlarge": 1.41, "ml.g5.2xlarge": 1.52, "ml.g5.4xlarge": 2.03, "ml.g5.8xlarge": 3.06, "ml.g5.12xlarge": 7.09,
    "ml.g5.16xlarge": 5.12, "ml.g5.24xlarge": 10.18, "ml.g5.48xlarge": 20.36,
    "ml.g6.xlarge": 1.13, "ml.g6.2xlarge": 1.23, "ml.g6.4xlarge": 1.66, "ml.g6.8xlarge": 2.52, "ml.g6.12xlarge": 5.76,
    "ml.p3.2xlarge": 3.83, "ml.p3.8xlarge": 14.69, "ml.p3.16xlarge": 28.16, "ml.p4d.24xlarge": 37.69,
}  # fmt: skip

_SIZE = re.compile(r"(?P<times>\d*)xlarge")

VOLUME_PER_GB_MONTH = 0.14
"""A job's volume; a job's hours of it cost next to nothing, an endpoint's months do."""
INTERFACE_ENDPOINT_PER_MONTH = 7.30
"""One endpoint in one zone, without its traffic."""
HOURS_PER_MONTH = 730


def per_hour(instance_type: str) -> float:
    """USD an hour of one instance. Raises ConfigError for a type that has no price here."""
    if instance_type in _PER_HOUR:
        return _PER_HOUR[instance_type]
    base = _XLARGE_PER_HOUR.get(instances.family(instance_type))
    size = instance_type.rpartition(".")[2]
    match = _SIZE.fullmatch(size)
    if base is None or not (match or size == "large"):
        raise ConfigError(f"there is no price of {instance_type}: add it to config/prices.py, or choose another type")
    return base * (0.5 if not match else int(match["times"] or 1))
