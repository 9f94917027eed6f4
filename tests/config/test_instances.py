"""What config knows of instance types, against the SDK's own table."""

from __future__ import annotations

import json
from importlib import resources

from config import instances


def test_gpus_are_counted_as_the_sdk_counts_them():
    table = json.loads((resources.files("sagemaker.core") / "image_uri_config" / "instance_gpu_info.json").read_text())
    counted = {
        name: known["Count"]
        for region in table.values()
        for name, known in region.items()
        if instances.family(name) in instances.GPU_FAMILIES and not name.endswith("metal")
    }
    assert len(counted) >= 20
    assert {name: instances.num_gpus(name) for name in counted} == counted


def test_a_processor_has_none():
    assert instances.num_gpus("ml.m5.12xlarge") == 0
