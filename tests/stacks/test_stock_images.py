"""Our table of AWS's training images agrees with the SDK's."""

from __future__ import annotations

import aws_cdk as cdk
import pytest
from sagemaker.core import image_uris

from stacks.constructs.container_image import ACCOUNTS, stock_training_image


@pytest.mark.parametrize("region", [*ACCOUNTS, "us-east-1", "eu-central-1", "ap-southeast-2"])
@pytest.mark.parametrize("instance_type", ["ml.m5.xlarge", "ml.g5.xlarge"])
def test_the_uri_is_the_one_of_the_sdk(region: str, instance_type: str) -> None:
    theirs = image_uris.retrieve(
        "pytorch-amzn2023",
        region,
        version="2.13",
        py_version="py312",
        image_scope="training",
        instance_type=instance_type,
    )
    assert stock_training_image(cdk.Stack(), region, "2.13", instance_type).uri == theirs
