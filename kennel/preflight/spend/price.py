"""What the run can cost at most, before it is started."""

from __future__ import annotations

import math

from config.app import AppConfig
from kennel.cloud import costs
from kennel.errors import KennelError

ENDPOINT_HOURS = 2
"""From its creation until it is deleted, at most: a run's jobs, and two waits for SageMaker."""
TRANSFORM_HOURS = 1
BUILD_USD, KEY_USD, REST_USD = 0.50, 0.04, 0.10
"""CodeBuild's 50 minutes at a cent; a day of a KMS key; logs, requests and storage. From memory, rounded up."""


def at_most(config: AppConfig) -> float:
    """USD, all time limits used up, of an environment that is there for an hour or two."""
    instance = config.prices.per_hour(config.endpoint.instance_type)
    build = BUILD_USD if config.images.source == "codebuild" else 0.0
    run = costs.of_run(config, {"tune": True}).usd
    return run + instance * (ENDPOINT_HOURS + TRANSFORM_HOURS) + build + KEY_USD + REST_USD


def require(config: AppConfig, limit_usd: float) -> float:
    """The price. Raises KennelError when it is above the limit."""
    usd = at_most(config)
    if usd > limit_usd:
        raise KennelError(
            f"the smallest run can cost ${usd:.2f}, which is above --spend {limit_usd:g}: give at least "
            f"--spend {math.ceil(usd)}"
        )
    return usd
