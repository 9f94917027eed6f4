"""Price lists: from memory, and the refreshed ones beside a project file."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from config import Project, prices
from config.base import ConfigError
from config.prices import FROM_MEMORY, PriceList, Rates

per_hour = FROM_MEMORY.per_hour


@pytest.mark.parametrize(
    ("instance_type", "usd"),
    [("ml.m5.large", 0.115), ("ml.m5.xlarge", 0.23), ("ml.m5.2xlarge", 0.46), ("ml.g5.xlarge", 1.41)],
)
def test_sizes_of_a_cpu_family_are_multiples(instance_type: str, usd: float) -> None:
    assert per_hour(instance_type) == pytest.approx(usd)


@pytest.mark.parametrize(
    "instance_type", ["ml.p5.48xlarge", "ml.m5.metal", "ml.x9.large", "ml.g5.large", "ml.m5.xxlarge"]
)
def test_a_type_without_a_price_says_how_to_get_it(instance_type: str) -> None:
    with pytest.raises(ConfigError, match=f"no price of {instance_type}: read the price list with `kennel cost --refr"):
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


def test_until_refreshed_a_price_says_that_it_is_from_memory() -> None:
    assert FROM_MEMORY.said().startswith("prices of us-east-1 from memory")
    assert 0.1 < FROM_MEMORY.rates.volume_gb_month < 0.2
    assert 7 < FROM_MEMORY.rates.interface_endpoint_hour * prices.HOURS_PER_MONTH < 8


READ = PriceList(
    region="eu-central-1",
    date="2026-12-01",
    source="AWS Price List API",
    instance_hours={"ml.m5.2xlarge": 0.55, "ml.g5.xlarge": 1.76, "ml.g4dn.xlarge": 0.92, "ml.c7i.2xlarge": 0.5},
    rates=Rates(key_month=1.1),
    from_memory=("log_gb",),
)

PROJECT = """\
project: flowers
environments:
  dev: {preset: small, region: eu-central-1}
  far: {preset: small, region: us-west-2}
datasets:
  flowers: {layout: classes}
models:
  flowers: {network: resnet18, dataset: flowers}
"""


def test_a_refreshed_list_is_in_force_in_its_region_only(tmp_path: Path) -> None:
    (tmp_path / "kennel.yaml").write_text(PROJECT)
    prices.write(tmp_path, READ)
    project = Project.load(tmp_path)
    assert project.config("dev").prices == READ
    assert project.config("far").prices == FROM_MEMORY


def test_a_second_region_leaves_the_first(tmp_path: Path) -> None:
    prices.write(tmp_path, READ)
    other = READ.model_copy(update={"region": "us-west-2"})
    assert prices.write(tmp_path, other).name == "prices.json"
    assert prices.read(tmp_path) == {"eu-central-1": READ, "us-west-2": other}


def test_a_type_that_the_region_does_not_offer_is_refused() -> None:
    """What AWS does not sell there has no price: a guess would hide that the job cannot start."""
    with pytest.raises(ConfigError, match=r"no price of ml\.m5\.xlarge in prices\.json \(eu-central-1, 2026-12-01\)"):
        READ.per_hour("ml.m5.xlarge")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"eu-central-1": {"region": 1}}', '{"eu-central-1": []}'])
def test_a_damaged_file_is_said_with_the_fix(tmp_path: Path, text: str) -> None:
    (tmp_path / "prices.json").write_text(text)
    with pytest.raises(
        ConfigError, match=r"prices\.json cannot be read .*: delete it, and run `kennel cost --refresh`"
    ):
        prices.load(tmp_path, "eu-central-1")


def test_the_project_file_has_no_key_prices(tmp_path: Path) -> None:
    (tmp_path / "kennel.yaml").write_text(PROJECT.replace("region: us-west-2", "prices: {}"))
    with pytest.raises(ConfigError, match=r"kennel\.yaml:4: prices stand in prices\.json: run `kennel cost --refresh`"):
        Project.load(tmp_path)


def test_the_file_is_for_people_too(tmp_path: Path) -> None:
    document = json.loads(prices.write(tmp_path, READ).read_text())
    assert document["eu-central-1"]["date"] == "2026-12-01"
    assert document["eu-central-1"]["instance_hours"]["ml.g5.xlarge"] == 1.76
