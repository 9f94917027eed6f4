"""Values are never changed in place: every dataclass of the product's pure packages is frozen, and so is every setting."""

# ruff: noqa: E501  tables read best with one case per line

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import pytest
from pydantic import BaseModel

COLLECTS = {
    "config.project_file.layers.Layers", "imgcls.contract.image_files.LeftOut",
    "imgcls.contract.unpacking.names.Names",
    "lambdas.plan_run.account_quotas.AccountQuotas",
}  # fmt: skip
"""Filled step by step, by the one function that made it."""
PACKAGES = ("checks", "config", "imgcls.contract", "lambdas", "pipeline")


def classes(package: str) -> Iterator[type]:
    """Every class that is defined in a package, at any depth."""
    found = importlib.import_module(package)
    names = [module.name for module in pkgutil.walk_packages(found.__path__, f"{package}.")]
    for name in names:
        if not name.endswith("__main__"):
            for _, item in inspect.getmembers(importlib.import_module(name), inspect.isclass):
                if item.__module__ == name:
                    yield item


def _name(item: type) -> str:
    return f"{item.__module__}.{item.__qualname__}"


@pytest.mark.parametrize("package", PACKAGES)
def test_dataclasses_and_settings_are_frozen(package: str) -> None:
    found = list(classes(package))
    assert found
    for item in found:
        if dataclasses.is_dataclass(item):
            frozen = item.__dataclass_params__.frozen  # type: ignore[attr-defined]
            assert frozen != (_name(item) in COLLECTS), _name(item)
        if issubclass(item, BaseModel):
            assert item.model_config.get("frozen"), _name(item)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_class_that_only_has_annotated_fields_is_a_dataclass(package: str) -> None:
    for item in classes(package):
        declared = inspect.get_annotations(item)
        plain = not issubclass(item, BaseModel | tuple | dict) and not getattr(item, "_is_protocol", False)
        if declared and plain and "__init__" not in vars(item):
            assert "__dataclass_fields__" in vars(item) or set(declared) <= {"title"}, _name(item)
