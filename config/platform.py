"""What the platform stands on: buckets, network, Studio, images, monitoring."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from config import stock_images
from config.base import Config

INTERFACE_SERVICES = (
    "sagemaker.api",
    "sagemaker.runtime",
    "ecr.api",
    "ecr.dkr",
    "logs",
    "sts",
    "kms",
    "monitoring",
    "states",
    "cloudformation",
)
"""What a notebook in Studio needs to open, and to start, watch and ask what Kennel makes."""
MAX_ZONES = 6
"""The most that a region has."""
MAX_SUBNETS, MAX_SECURITY_GROUPS = 16, 5
"""Of a VpcConfig of SageMaker."""
ZoneId = Annotated[str, Field(pattern=r"^[a-z]+\d-az\d$")]
_ID = "-([0-9a-f]{8}|[0-9a-f]{17})$"
VpcId = Annotated[str, Field(pattern=f"^vpc{_ID}")]
SubnetId = Annotated[str, Field(pattern=f"^subnet{_ID}")]
SecurityGroupId = Annotated[str, Field(pattern=f"^sg{_ID}")]


class StorageConfig(Config):
    retain: bool
    """Keep buckets and key when the stack is deleted, and delete nobody's space in Studio."""
    noncurrent_days: int = Field(default=30, ge=1)
    """Days that overwritten and deleted objects are kept."""
    run_days: int = Field(default=90, ge=1)
    """Days after which a run's intermediate files expire. Published models never do."""


_OF_A_NEW_VPC = ("cidr", "zones", "zone_ids", "interface_endpoints", "flow_logs")


class NetworkConfig(Config):
    """A VPC without a route to the internet. `interface_endpoints` cost about $7 per month per endpoint and zone.

    With `vpc_id` it is somebody else's, and nothing is made in it but a security group, unless that is given too.
    """

    cidr: str = "10.40.0.0/16"
    """Addresses of the VPC."""
    zones: int = Field(default=2, ge=2, le=MAX_ZONES)
    """How many availability zones, the first of the region. Jobs and endpoints may use each of them."""
    zone_ids: tuple[ZoneId, ...] = ()
    """These zones instead, such as use1-az4: instance types, above all those with GPUs, are not in every zone."""
    interface_endpoints: bool = False
    """Reach AWS services without the internet."""
    flow_logs: bool = True
    """Log who talks to whom."""
    vpc_id: VpcId | None = None
    """An existing VPC instead, of which `subnet_ids` are used: its endpoints, routes and flow logs are its owner's."""
    subnet_ids: tuple[SubnetId, ...] = Field(default=(), max_length=MAX_SUBNETS)
    """Subnets of `vpc_id`, in at least two zones."""
    security_group_ids: tuple[SecurityGroupId, ...] = Field(default=(), max_length=MAX_SECURITY_GROUPS)
    """Security groups of `vpc_id`; unless given, one is made there."""

    @property
    def num_interface_endpoints(self) -> int:
        """One per service and zone: that is how they are paid."""
        return len(INTERFACE_SERVICES) * self.zone_count if self.interface_endpoints else 0

    @property
    def zone_count(self) -> int:
        """Of a VPC that is made here."""
        return len(self.zone_ids) or self.zones

    @model_validator(mode="after")
    def _zone_ids(self) -> Self:
        if self.zone_ids and not 2 <= len(set(self.zone_ids)) == len(self.zone_ids) <= MAX_ZONES:
            raise ValueError(
                f"zone_ids must be 2 to {MAX_ZONES} different zones: with one, an endpoint fails as its zone fails"
            )
        return self

    @model_validator(mode="after")
    def _existing(self) -> Self:
        if self.vpc_id is None:
            for name in ("subnet_ids", "security_group_ids"):
                if getattr(self, name):
                    raise ValueError(f"{name} is given without vpc_id: add the VPC that they belong to")
            return self
        if not 2 <= len(set(self.subnet_ids)) == len(self.subnet_ids):
            raise ValueError(
                "subnet_ids must be at least 2 different subnets of vpc_id, in two zones: with one, an endpoint fails "
                "as its zone fails"
            )
        if len(set(self.security_group_ids)) < len(self.security_group_ids):
            raise ValueError("security_group_ids has one twice: name each once")
        if useless := [name for name in _OF_A_NEW_VPC if name in self.model_fields_set]:
            raise ValueError(
                f"{', '.join(useless)} would have no effect beside vpc_id, where no network is made: leave that out"
            )
        return self


class StudioConfig(Config):
    enabled: bool = True
    """A SageMaker domain with a user profile."""
    user_profiles: tuple[str, ...] = ("data-scientist",)
    """Who may open it, one profile each."""
    vpc_only: bool = True
    """Notebooks reach the network of the VPC only."""
    idle_timeout_minutes: int = Field(default=60, ge=60, le=525600)
    """Idle notebooks are stopped."""


class ImagesConfig(Config):
    """Where the `jobs` and `serving` images come from. `codebuild` needs no Docker on the user's machine."""

    source: Literal["codebuild", "docker", "uri"]
    """`codebuild` builds them in the account, `docker` on this machine, `uri` takes given ones."""
    training_uri: str | None = None
    """The stock training image unless given."""
    jobs_uri: str | None = None
    """With `uri`."""
    serving_uri: str | None = None
    """With `uri`."""
    pytorch_version: str = Field(default="2.13", json_schema_extra={"enum": [*stock_images.VERSIONS]})
    """Of the stock training image."""
    rebuild: str = Field(default="", max_length=64)
    """Any text, such as a date: a new one builds the same sources again, with today's security fixes."""

    @field_validator("pytorch_version")
    @classmethod
    def _version(cls, value: str) -> str:
        if value not in stock_images.VERSIONS:
            known = ", ".join(stock_images.VERSIONS)
            raise ValueError(f"there is no training image of PyTorch {value}: choose from {known}")
        return value

    @model_validator(mode="after")
    def _uris_belong_together(self) -> Self:
        for name in ("jobs_uri", "serving_uri"):
            if self.source == "uri" and not getattr(self, name):
                raise ValueError(f"{name} is missing: source `uri` takes given images")
            if self.source != "uri" and getattr(self, name):
                raise ValueError(f"{name} is given, but source is {self.source}: set source to uri or leave {name} out")
        return self


class MonitoringConfig(Config):
    log_retention_days: Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731] = 90
    """Of every log group."""
    p99_latency_ms: float = Field(default=1000, gt=0)
    """The alarm on slow answers."""
    min_cache_hit_ratio: float = Field(default=0.5, ge=0, le=1)
    """The alarm on models that are loaded again and again."""
    audit_trail: str | None = Field(default=None, pattern=r"^[.\-_/#A-Za-z0-9]{1,512}$")
    """The log group that a CloudTrail trail of this account and region writes to. With it there are alarms on denied
    calls, on the account's root and on the key."""
