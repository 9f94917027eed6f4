"""Whatever a folder is called and contains: what is written loads for every environment and fits the schema."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import jsonschema
import pytest

from config.project_file.reader import parse
from config.project_file.schema import schema
from imgcls.contract.artifact import ARCHITECTURES
from kennel.new_project import names
from kennel.new_project.names import Names
from tests.kennel.new_project.images import folder, project

FOLDERS = ["My Flowers 2024", "ÉTÉ", unicodedata.normalize("NFD", "été"), "007", "1e3", "no", "on", "null", "~", "花",
           "-", "UPPER_CASE", "it's \"quoted\"", "a: b #c", "{curly}", "train", "dataset", "x\ny"]  # fmt: skip
CLASSES = [
    {"a": 6, "b": 6},
    {"Ä b": 12, unicodedata.normalize("NFD", "ö"): 12},
    {"001.Daisy": 12, "002.Rose": 12},
    {"train": 12, "car": 12, "Test": 12},
    {"no": 12, "yes": 12, "null": 12},
    {"# hash": 12, "key: value": 12, "'": 12},
    {"UPPER": 12, "upper": 12},
    {"👨‍👩‍👧": 12, "花": 12},
    {f"class {number}": 24 for number in range(100)},
    {"large": 300, "small": 7},
    {f"{split}/{name}": 6 for split in ("train", "valid", "test") for name in ("train", "test")},
    {"train/a": 20, "train/b": 20, "test/a": 5, "test/b": 5},
    {"Train/a": 12, "Train/b": 12, "VAL/a": 3, "VAL/b": 3},
]


def check(written: str) -> None:
    jsonschema.validate(parse(written, Path("kennel.yaml")).values, schema())


@pytest.mark.parametrize("name", FOLDERS, ids=ascii)
def test_any_folder_gives_a_project_that_loads(name: str, tmp_path: Path) -> None:
    root = folder(tmp_path / name, {"a": 6, "b": 6})
    dataset = names.dataset(root)
    found = project(root, Names(names.project(dataset), dataset, names.model(dataset)))
    assert list(found.configs) == ["local", "dev", "prod"]
    assert [config.datasets[0].name for config in found.configs.values()] == [dataset] * 3
    check(found.text)


@pytest.mark.parametrize("classes", CLASSES, ids=lambda item: ascii(list(item)[:3]))
def test_any_classes_give_a_project_that_loads(classes: dict[str, int], tmp_path: Path) -> None:
    found = project(folder(tmp_path, classes))
    assert list(found.configs) == ["local", "dev", "prod"]
    check(found.text)


@pytest.mark.parametrize("network", ARCHITECTURES)
@pytest.mark.parametrize("size", [(9, 9), (40, 30), (300, 200)])
def test_any_network_gives_a_project_that_loads(network: str, size: tuple[int, int], tmp_path: Path) -> None:
    found = project(folder(tmp_path, {"a": 6, "b": 6}, size), network=network)
    for config in found.configs.values():
        assert config.models[0].architecture == network
        assert config.models[0].pretrained == (network != "simple_cnn" and config.environment != "local")
    check(found.text)
