"""The table of AWS's training images is the SDK's, and what it lacks is refused with what there is."""

from __future__ import annotations

import json
from pathlib import Path

import botocore.session
import pytest
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend
from sagemaker.core import image_uris

import config
from config import regions, stock_images
from config.app import AppConfig
from config.base import ConfigError
from config.platform import ImagesConfig
from tests.config.project import check
from tests.snapshots import assert_reviewed

FRAMEWORK = "pytorch-amzn2023"


def test_the_table_is_the_one_of_the_sdk() -> None:
    """After an update of sagemaker-core: UPDATE_SNAPSHOT=1 writes it."""
    source = Path(image_uris.__file__).with_name("image_uri_config") / f"{FRAMEWORK}.json"
    versions = json.loads(source.read_text())["training"]["versions"]
    accounts = {region: account for each in versions.values() for region, account in each["registries"].items()}
    assert all(
        accounts[region] == account for each in versions.values() for region, account in each["registries"].items()
    )
    table = {
        "accounts": dict(sorted(accounts.items())),
        "versions": {
            version: {**each["container_version"], "not_in": sorted(set(accounts) - set(each["registries"]))}
            for version, each in versions.items()
        },
    }
    assert_reviewed(stock_images.TABLE, table)


@pytest.mark.parametrize("region", stock_images.ACCOUNTS)
def test_the_uri_is_the_one_of_the_sdk(region: str) -> None:
    for version in stock_images.versions_in(region):
        for instance_type, gpu in (("ml.m5.xlarge", False), ("ml.g5.xlarge", True)):
            theirs = image_uris.retrieve(
                FRAMEWORK,
                region,
                version=version,
                py_version="py312",
                image_scope="training",
                instance_type=instance_type,
            )
            assert stock_images.image(region, version, gpu=gpu) == theirs


@pytest.mark.parametrize("region", stock_images.ACCOUNTS)
def test_partition_and_domain_are_those_of_botocore(region: str) -> None:
    session = botocore.session.get_session()
    partitions = session.get_component("data_loader").load_data("endpoints")["partitions"]
    name = session.get_partition_for_region(region)
    (domain,) = [item["dnsSuffix"] for item in partitions if item["partition"] == name]
    assert (regions.partition(region), regions.domain(region)) == (name, domain)


@pytest.mark.parametrize("region", sorted({*stock_images.ACCOUNTS, *RegionsAndZonesBackend.zones}))
def test_the_ids_of_a_regions_zones_begin_as_its_name_says(region: str) -> None:
    zones = RegionsAndZonesBackend.zones.get(region)
    prefix = regions.zone_prefix(region)
    assert (prefix is None) is (zones is None), "what no list shows is not assumed, and the list has all others"
    assert all(zone.zone_id.rpartition("-az")[0] == prefix for zone in zones or ())


def test_a_region_without_a_registry_is_refused_with_the_regions() -> None:
    with pytest.raises(
        ConfigError, match="region is antarctica-north-1, where AWS has no PyTorch training images"
    ) as caught:
        stock_images.image("antarctica-north-1", "2.13", gpu=False)
    assert "eu-west-1" in str(caught.value) and "cn-north-1" in str(caught.value)


def test_a_version_that_a_region_lacks_is_refused_with_those_it_has() -> None:
    with pytest.raises(
        ConfigError, match=r"2\.14, of which AWS has no training image in cn-north-1: choose from 2\.11, 2\.12, 2\.13"
    ):
        stock_images.image("cn-north-1", "2.14", gpu=False)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("images: {pytorch_version: '2.3'}", "no training image of PyTorch 2.3: choose from 2.11, 2.12, 2.13, 2.14"),
        ("region: eu-north-9", "region is eu-north-9, where AWS has no PyTorch training images: choose from af-"),
        ("region: cn-north-1\n    images: {pytorch_version: '2.14'}", "pytorch_version is 2.14, of which AWS has no"),
    ],
)
def test_the_project_file_is_told_what_there_is(line: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check(("region: eu-central-1", line))
    assert sentence in str(caught.value)


def test_given_images_need_no_registry_of_aws() -> None:
    uri = "210987654321.dkr.ecr.eu-north-9.amazonaws.com/mine:1"
    images = ImagesConfig(source="uri", training_uri=uri, jobs_uri=uri, serving_uri=uri)
    settings = config.load("dev").model_dump(by_alias=False) | {"region": "eu-north-9", "images": images.model_dump()}
    assert AppConfig.model_validate(settings, by_name=True).region == "eu-north-9"
