"""Prices by instance type."""

from __future__ import annotations

import pytest

from config.base import ConfigError
from config.prices import per_hour


@pytest.mark.parametrize(
    ("instance_type", "usd"),
    [("ml.m5.large", 0.115), ("ml.m5.xlarge", 0.23), ("ml.m5.2xlarge", 0.46), ("ml.g5.xlarge", 1.41)],
)
def test_sizes_of_a_cpu_family_are_multiples(instance_type, usd):
    assert per_hour(instance_type) == pytest.approx(usd)


@pytest.mark.parametrize("instance_type", ["ml.p5.48xlarge", "ml.m5.metal", "ml.x9.large"])
def test_a_type_without_a_price_says_where_to_add_it(instance_type):
    with pytest.raises(ConfigError, match=f"no price of {instance_type}: add it to config/prices.py"):
        per_hour(instance_type)
