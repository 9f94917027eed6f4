"""Rules by number and size of images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from config.models import UNTRAINED
from imgcls.contract.artifact import ARCHITECTURES
from kennel.errors import KennelError
from kennel.new_project import inspection, recipes
from kennel.new_project.inspection import Inspection
from tests.kennel.new_project.images import folder


def of(tmp_path: Path, size: tuple[int, int] = (300, 200), second: tuple[int, int] | None = None) -> Inspection:
    folder(tmp_path, {"a": 5, "b": 5}, size)
    if second:
        folder(tmp_path, {"c": 5}, second)
    return inspection.look(tmp_path)


def test_photographs_are_for_a_pretrained_network(tmp_path: Path) -> None:
    assert recipes.propose(of(tmp_path)).network == "resnet18"


def test_icons_are_for_a_small_network(tmp_path: Path) -> None:
    assert recipes.propose(of(tmp_path, (63, 63))).network == "simple_cnn"


def test_many_photographs_are_for_a_large_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipes, "MANY", 10)
    assert recipes.propose(of(tmp_path)).network == "resnet50"


def test_an_unknown_network_brings_the_nearest() -> None:
    with pytest.raises(KennelError, match="--architecture 'resnet81' is not a network; did you mean resnet18"):
        recipes.given("resnet81")


@pytest.mark.parametrize("network", ARCHITECTURES)
def test_every_network_has_a_recipe_for_a_laptop(network: str, tmp_path: Path) -> None:
    found = of(tmp_path)
    laptop = recipes.on_a_laptop(recipes.given(network), found, 200)
    assert laptop.network == network, "a network that the user names is trained everywhere"
    account = recipes.in_an_account(recipes.given(network), found, 200)
    assert set(account.hyperparameters) <= set(laptop.hyperparameters), "what is not changed would be left in force"


def test_without_weights_a_laptop_trains_the_small_network_unless_another_is_named(tmp_path: Path) -> None:
    found = of(tmp_path)
    assert recipes.on_a_laptop(recipes.propose(found), found, 200).network == "simple_cnn"


def test_a_laptop_has_few_epochs_of_many_images(tmp_path: Path) -> None:
    found = of(tmp_path)

    def epochs(num_train: int, network: str = "simple_cnn") -> int:
        return int(recipes.on_a_laptop(recipes.given(network), found, num_train).hyperparameters["epochs"])

    assert [epochs(num) for num in (50, 1000, 100_000)] == [60, 30, 4]
    assert epochs(1000, "resnet18") < epochs(1000), "a slower network has fewer"


def test_batches_grow_with_the_images(tmp_path: Path) -> None:
    found = of(tmp_path)
    fine = [recipes.in_an_account(recipes.given("resnet18"), found, num).hyperparameters for num in (100, 1500, 50_000)]
    assert [item["batch-size"] for item in fine] == [16, 32, 64]
    assert [item["lr"] for item in fine] == [0.0025, 0.005, 0.01]
    assert [item["epochs"] for item in fine] == [30, 30, 8]


@pytest.mark.parametrize(
    ("sizes", "largest", "image"),
    [
        (((300, 260), (260, 300)), 224, {"resize": 256, "crop": 224}),
        (((300, 150), (150, 301)), 224, {"resize": 146, "crop": 128}),
        (((300, 300),), 224, {"resize": 224, "crop": 224}),
        (((60, 60),), 128, {"resize": 64, "crop": 64}),
    ],
)
def test_images_are_not_larger_than_the_images(
    sizes: Sequence[tuple[int, int]], largest: int, image: dict[str, int], tmp_path: Path
) -> None:
    found = of(tmp_path, *sizes)
    network = "resnet18" if largest == 224 else UNTRAINED[0]
    assert recipes.in_an_account(recipes.given(network), found, 200).image == image
