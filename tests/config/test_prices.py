"""Prices by instance type."""

from __future__ import annotations

import itertools

import pytest

from config import prices
from config.base import ConfigError
from config.prices import per_hour


@pytest.mark.parametrize(
    ("instance_type", "usd"),
    [("ml.m5.large", 0.115), ("ml.m5.xlarge", 0.23), ("ml.m5.2xlarge", 0.46), ("ml.g5.xlarge", 1.41)],
)
def test_sizes_of_a_cpu_family_are_multiples(instance_type: str, usd: float) -> None:
    assert per_hour(instance_type) == pytest.approx(usd)


@pytest.mark.parametrize(
    "instance_type", ["ml.p5.48xlarge", "ml.m5.metal", "ml.x9.large", "ml.g5.large", "ml.m5.xxlarge"]
)
def test_a_type_without_a_price_says_where_to_add_it(instance_type: str) -> None:
    with pytest.raises(ConfigError, match=f"no price of {instance_type}: add it to config/prices.py"):
        per_hour(instance_type)


SIZES = {
    "t3": ("medium", "large", "xlarge", "2xlarge"),
    "g4dn": ("xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge"),
    "g5": ("xlarge", "2xlarge", "4xlarge", "8xlarge", "16xlarge", "12xlarge", "24xlarge", "48xlarge"),
    "g6": ("xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge"),
    "p3": ("2xlarge", "8xlarge", "16xlarge"),
    "p4d": ("24xlarge",),
}
FAMILIES = (
    "m5", "m5d", "m6i", "m6id", "m7i", "m8i", "c5", "c5d", "c6i", "c6id", "c7i", "c8i", "r5", "r5d", "r6i", "r7i",
    "m7a", "c7a",
)  # fmt: skip


@pytest.mark.parametrize("family", SIZES)
def test_a_larger_instance_costs_more_and_less_than_four_times_as_much(family: str) -> None:
    """A digit that slipped would let a run pass its budget, or refuse one that does not."""
    costs = [per_hour(f"ml.{family}.{size}") for size in SIZES[family]]
    assert all(low < high < 4 * low for low, high in itertools.pairwise(costs))


@pytest.mark.parametrize("family", FAMILIES)
def test_processors_cost_alike(family: str) -> None:
    assert 0.2 <= per_hour(f"ml.{family}.xlarge") <= 0.35
    assert per_hour(f"ml.{family}.4xlarge") == pytest.approx(8 * per_hour(f"ml.{family}.large"))


def test_what_is_priced_by_the_month() -> None:
    assert prices.PRICED_REGION == "us-east-1" and prices.HOURS_PER_MONTH == 730
    assert 0.1 < prices.VOLUME_PER_GB_MONTH < 0.2 and 7 < prices.INTERFACE_ENDPOINT_PER_MONTH < 8
