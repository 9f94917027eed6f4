"""What an environment costs per month while nothing runs, from the configuration alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from config.app import AppConfig
from config.prices import HOURS_PER_MONTH
from kennel.cloud import costs

ALARMS, ENDPOINT_ALARMS, DASHBOARDS = 9, 4, 4
"""Of the templates, with the endpoint's own apart; tests/stacks/test_monitoring.py counts them."""
FREE_DASHBOARDS = 3
IMAGES_GB = 6.0
"""The jobs and the serving image of one version: an estimate, no image was ever built."""
BUILD_MINUTES = 50
"""CodeBuild's time limit for one build of both images."""


@dataclass(frozen=True)
class Item:
    """`usd` per month; `what` says of how much of it."""

    name: str
    what: str
    usd: float


def of(config: AppConfig) -> tuple[Item, ...]:
    """The largest first."""
    return tuple(sorted(_items(config), key=lambda item: -item.usd))


def by_use(config: AppConfig) -> tuple[str, ...]:
    """What grows with use, a sentence each."""
    rates = config.prices.rates
    said = [
        f"S3 ${rates.object_gb_month:.3f} per GB and month",
        f"logs ${rates.log_gb:.2f} per GB written and ${rates.log_gb_month:.2f} per GB and month kept",
    ]
    if config.images.source == "codebuild":
        said.append(f"an image build at most ${BUILD_MINUTES * rates.build_minute:.2f}")
    return tuple(said)


def _items(config: AppConfig) -> Iterator[Item]:
    rates, endpoint = config.prices.rates, costs.of_endpoint(config)
    if config.endpoint.enabled:
        count = endpoint.min_instances
        yield Item("endpoint", f"{count} x {endpoint.instance_type}", endpoint.per_month(count))
    if config.network.interface_endpoints:
        count = config.network.num_interface_endpoints
        usd = count * rates.interface_endpoint_hour * HOURS_PER_MONTH
        yield Item("interface endpoints", f"{count}, without their traffic", usd)
    yield Item("KMS key", "1; its first two rotations add one each", rates.key_month)
    if config.images.source != "uri":
        yield Item(
            "repositories", f"about {IMAGES_GB:.0f} GB per version of the images", IMAGES_GB * rates.image_gb_month
        )
    alarms = ALARMS + ENDPOINT_ALARMS * config.endpoint.enabled
    yield Item("alarms", str(alarms), alarms * rates.alarm_month)
    yield Item(
        "dashboards",
        f"{DASHBOARDS}; an account's first {FREE_DASHBOARDS} cost nothing",
        (DASHBOARDS - FREE_DASHBOARDS) * rates.dashboard_month,
    )
