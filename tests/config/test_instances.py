"""What config knows of instance types, against the SDK's own table and AWS's pages."""

from __future__ import annotations

import json
from importlib import resources

import pytest

from config import instances

GPUS = {
    "g4dn": {"12xlarge": 4}, "g5": {"12xlarge": 4, "24xlarge": 4, "48xlarge": 8},
    "g6": {"12xlarge": 4, "24xlarge": 4, "48xlarge": 8}, "g6e": {"12xlarge": 4, "24xlarge": 4, "48xlarge": 8},
    "p3": {"8xlarge": 4, "16xlarge": 8}, "p3dn": {"24xlarge": 8}, "p4d": {"24xlarge": 8}, "p4de": {"24xlarge": 8},
    "p5": {"48xlarge": 8}, "p5e": {"48xlarge": 8}, "p5en": {"48xlarge": 8}, "p6-b200": {"48xlarge": 8},
}  # fmt: skip
WITHOUT_DISKS = {"p3"}
BF16 = {"m7i", "c7i", "r7i", "m7a", "c7a", "r7a", "m8i", "c8i", "r8i"}


def test_gpus_are_counted_as_the_sdk_counts_them() -> None:
    table = json.loads((resources.files("sagemaker.core") / "image_uri_config" / "instance_gpu_info.json").read_text())
    counted = {
        name: known["Count"]
        for region in table.values()
        for name, known in region.items()
        if instances.family(name) in instances.GPU_FAMILIES and not name.endswith("metal")
    }
    assert len(counted) >= 20
    assert {name: instances.num_gpus(name) for name in counted} == counted


@pytest.mark.parametrize("family", GPUS)
def test_a_gpu_family_has_its_gpus_and_mostly_local_disks(family: str) -> None:
    assert instances.has_gpu(f"ml.{family}.xlarge") and instances.num_gpus(f"ml.{family}.xlarge") == 1
    for size, count in GPUS[family].items():
        assert instances.num_gpus(f"ml.{family}.{size}") == count
    assert instances.has_local_storage(f"ml.{family}.xlarge") is (family not in WITHOUT_DISKS)
    assert not instances.has_bf16(f"ml.{family}.xlarge")


def test_no_other_family_has_gpus() -> None:
    assert instances.GPU_FAMILIES == set(GPUS) == set(instances.MULTI_GPU_SIZES)
    assert instances.MULTI_GPU_SIZES == GPUS
    assert set(GPUS) - WITHOUT_DISKS == instances.LOCAL_STORAGE_FAMILIES, "those without a d at their end too"
    assert instances.has_gpu("ml.g7e.2xlarge") and instances.num_gpus("ml.p6-b300.48xlarge") == 1, (
        "newer than the table"
    )
    assert instances.num_gpus("ml.m5.12xlarge") == 0 and not instances.has_gpu("ml.m5.12xlarge")


@pytest.mark.parametrize("family", sorted(BF16 | {"m5", "c6i", "m6i", "t3", "r5"}))
def test_newer_processors_compute_in_bf16(family: str) -> None:
    assert instances.has_bf16(f"ml.{family}.xlarge") is (family in BF16)


@pytest.mark.parametrize(
    ("family", "disks"), [("m5d", True), ("c6id", True), ("r5d", True), ("m5", False), ("c7i", False), ("d3en", False)]
)
def test_a_family_with_a_d_at_its_end_has_local_disks(family: str, disks: bool) -> None:
    assert instances.has_local_storage(f"ml.{family}.large") is disks


@pytest.mark.parametrize(
    "name", ["m5.xlarge", "ml.m5", "ml.M5.xlarge", "ml.m5.xlarge ", "", "ml..large", "xml.m5.large"]
)
def test_what_is_not_an_instance_type_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name!r} is not a SageMaker instance type; write it like ml.m5.xlarge"):
        instances.family(name)
    assert instances.family("ml.p6-b200.48xlarge") == "p6-b200"
