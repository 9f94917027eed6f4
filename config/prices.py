"""Price lists by which a run is refused before it is paid for: one from memory, and the ones that a project refreshed.

Nothing is fetched here: synth needs no network. `kennel cost --refresh` writes a region's list from the Price List API
into `prices.json`, beside the project file; until then the list from memory holds, and says so. USD, on demand.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from pydantic import Field, ValidationError

from config import instances
from config.base import Config, ConfigError

FILE = "prices.json"
HOURS_PER_MONTH = 730
MEMORY = "memory"
MEMORY_REGION = "us-east-1"
"""The region of the list from memory. Others cost up to about half more."""

_XLARGE_PER_HOUR = {
    "m5": 0.23, "m5d": 0.271, "m6i": 0.23, "m6id": 0.285, "m7i": 0.242, "m8i": 0.254,
    "c5": 0.204, "c5d": 0.23, "c6i": 0.204, "c6id": 0.242, "c7i": 0.215, "c8i": 0.225,
    "r5": 0.303, "r5d": 0.346, "r6i": 0.303, "r7i": 0.318, "m7a": 0.279, "c7a": 0.247,
}  # fmt: skip
"""CPU families, from memory: the price of the size `xlarge`; the other sizes are multiples of it."""

_PER_HOUR = {
    "ml.t3.medium": 0.05, "ml.t3.large": 0.10, "ml.t3.xlarge": 0.20, "ml.t3.2xlarge": 0.40,
    "ml.g4dn.xlarge": 0.74, "ml.g4dn.2xlarge": 0.94, "ml.g4dn.4xlarge": 1.51, "ml.g4dn.8xlarge": 2.72,
    "ml.g4dn.12xlarge": 4.89, "ml.g4dn.16xlarge": 5.44,
    "ml.g5.xlarge": 1.41, "ml.g5.2xlarge": 1.52, "ml.g5.4xlarge": 2.03, "ml.g5.8xlarge": 3.06, "ml.g5.12xlarge": 7.09,
    "ml.g5.16xlarge": 5.12, "ml.g5.24xlarge": 10.18, "ml.g5.48xlarge": 20.36,
    "ml.g6.xlarge": 1.13, "ml.g6.2xlarge": 1.23, "ml.g6.4xlarge": 1.66, "ml.g6.8xlarge": 2.52, "ml.g6.12xlarge": 5.76,
    "ml.p3.2xlarge": 3.83, "ml.p3.8xlarge": 14.69, "ml.p3.16xlarge": 28.16, "ml.p4d.24xlarge": 37.69,
}  # fmt: skip
"""GPU and burstable types, from memory, rounded up."""

_SIZE = re.compile(r"(?P<times>\d*)xlarge")


class Rates(Config):
    """What is paid at rest beside instances. The defaults are from memory, of us-east-1."""

    volume_gb_month: float = 0.14
    """A GB of an endpoint instance's volume."""
    interface_endpoint_hour: float = 0.01
    """One endpoint in one zone, without its traffic."""
    key_month: float = 1.0
    """A customer key of KMS; each of its first two rotations costs the same again."""
    image_gb_month: float = 0.10
    """A GB in ECR."""
    object_gb_month: float = 0.023
    """A GB in S3."""
    log_gb: float = 0.50
    """A GB written to CloudWatch Logs."""
    log_gb_month: float = 0.03
    """A GB kept there."""
    alarm_month: float = 0.10
    """An alarm on one metric."""
    dashboard_month: float = 3.0
    """A dashboard after the account's first three."""
    build_minute: float = 0.01
    """A minute of CodeBuild on `general1.medium`."""


class PriceList(Config):
    """The prices of one region. `source` is MEMORY or the API's name; `date` is when they were read or remembered."""

    region: str
    date: str
    source: str
    instance_hours: dict[str, float] = Field(default_factory=dict)
    """Instance type -> USD per hour: the highest of training, processing, hosting and transform."""
    rates: Rates = Rates()
    from_memory: tuple[str, ...] = ()
    """The rates that the source did not give."""

    def per_hour(self, instance_type: str) -> float:
        """USD per hour of one instance. Raises ConfigError for a type that has no price here."""
        if instance_type in self.instance_hours:
            return self.instance_hours[instance_type]
        family = instances.family(instance_type)
        if self.source != MEMORY:
            raise ConfigError(
                f"there is no price of {instance_type} in {FILE} ({self.region}, {self.date}): "
                "choose another type, or read the prices again with `kennel cost --refresh`"
            )
        base, match = _XLARGE_PER_HOUR.get(family), _SIZE.fullmatch(instance_type.rpartition(".")[2])
        if base is None or not (match or instance_type.endswith(".large")):
            raise ConfigError(
                f"there is no price of {instance_type}: read the price list with `kennel cost --refresh`, "
                "or choose another type"
            )
        return base * (0.5 if not match else int(match["times"] or 1))

    def said(self) -> str:
        """Where the prices come from, in words."""
        if self.source == MEMORY:
            return f"prices of {self.region} from memory, {self.date}, rounded up: `kennel cost --refresh` reads them"
        return f"prices of {self.region} by the {self.source}, {self.date}"


FROM_MEMORY = PriceList(region=MEMORY_REGION, date="November 2026", source=MEMORY, instance_hours=_PER_HOUR)


def load(folder: Path, region: str) -> PriceList:
    """The refreshed list of `region` beside a project file, else the one from memory.

    Raises ConfigError for a file that is not one of ours.
    """
    return read(folder).get(region, FROM_MEMORY)


def read(folder: Path) -> dict[str, PriceList]:
    """Region -> its refreshed list. Raises ConfigError for a file that is not one of ours."""
    path = folder / FILE
    if not path.is_file():
        return {}
    try:
        return {name: PriceList.model_validate(entry) for name, entry in json.loads(path.read_text()).items()}
    except (ValueError, AttributeError, ValidationError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(f"{path} cannot be read ({reason}): delete it, and run `kennel cost --refresh`") from None


def write(folder: Path, found: PriceList) -> Path:
    """Put a region's list into the file, beside those of other regions."""
    path = folder / FILE
    lists = {**read(folder), found.region: found}
    text = json.dumps({name: lists[name].model_dump(mode="json") for name in sorted(lists)}, indent=1)
    path.write_text(text + "\n")
    return path
