"""What stands in the file, and why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kennel.new_project import proposal, recipes, splits, summary, write
from tests.kennel.new_project.images import NAMES, folder, image, looked_at, project


def test_defaults_that_are_right_stay_out(tmp_path: Path) -> None:
    folder(tmp_path, {name: 60 for name in "abcd"}, size=(300, 200))
    image(tmp_path / "a" / "upright.png", (200, 300))
    values = project(tmp_path).values
    assert values["environments"] == {
        "local": {"preset": "laptop"},
        "dev": {"preset": "small"},
        "prod": {"preset": "strict", "notify": ["team@example.com"]},
    }
    assert values["datasets"]["flowers"]["layout"] == "classes" and "limits" not in values["datasets"]["flowers"]
    model = values["models"]["flower-classifier"]
    assert "weights" not in model, "imagenet is the default"
    assert set(model) == {"dataset", "network", "image", "hyperparameters", "on"}


def test_an_account_starts_from_pretrained_weights_and_a_laptop_does_not(tmp_path: Path) -> None:
    found = project(folder(tmp_path, {"a": 20, "b": 20}, size=(300, 200)))
    models = {name: config.models[0] for name, config in found.configs.items()}
    assert [(models[name].architecture, models[name].pretrained) for name in ("local", "dev", "prod")] == [
        ("simple_cnn", False), ("resnet18", True), ("resnet18", True),
    ]  # fmt: skip
    assert models["local"].hyperparameters["lr"] == 0.003 and models["dev"].hyperparameters["lr"] == 0.0025


@pytest.mark.parametrize(
    ("classes", "gates"),
    [
        ({"a": 60, "b": 60}, {"local": 0.62, "dev": 0.62, "prod": 0.7}),
        ({name: 60 for name in "abcd"}, {"local": 0.6, "dev": 0.5, "prod": 0.7}),
        ({"a": 180, "b": 60}, {"local": 0.81, "dev": 0.81, "prod": 0.81}),
    ],
)
def test_no_gate_is_passed_by_always_answering_the_same(
    classes: dict[str, int], gates: dict[str, float], tmp_path: Path
) -> None:
    new = project(folder(tmp_path, classes))
    assert {name: config.pipeline.gate.min_accuracy for name, config in new.configs.items()} == gates
    largest = max(classes.values()) / sum(classes.values())
    assert min(gates.values()) > largest


def test_a_network_that_is_too_small_for_a_gpu_is_trained_on_a_cpu(tmp_path: Path) -> None:
    found = project(folder(tmp_path, {"a": 6, "b": 6}))
    assert [found.configs[name].training.types for name in ("dev", "prod")] == [("ml.c7i.2xlarge", "ml.m5.2xlarge")] * 2
    assert summary.prices(found.configs)["dev"]["run_at_most"] < 7


@pytest.mark.parametrize(("gigabytes", "volume"), [(1, 30), (10, 30), (20, 60), (100_000, 16384)])
def test_many_bytes_need_a_larger_disk(gigabytes: int, volume: int, tmp_path: Path) -> None:
    found, split = looked_at(folder(tmp_path, {"a": 6, "b": 6}))
    found = replace(found, num_bytes=gigabytes * 10**9)
    new = write.compose(proposal.tree(found, split, NAMES, recipes.propose(found)))
    assert new.configs["dev"].preparation.volume_gb == volume


def test_limits_are_lowered_for_what_is_there(tmp_path: Path) -> None:
    found = project(folder(tmp_path, {"a": 30, "b": 7}, size=(10, 10)))
    limits = found.configs["dev"].datasets[0].limits
    assert limits.min_side == 8 and 2 <= limits.min_images_per_class <= 5
    assert "'b' has" in found.text and "many images have a side below 16 pixels" in found.text


def test_given_splits_are_kept(tmp_path: Path) -> None:
    classes = {f"{split}/{name}": 6 for split in ("train", "valid", "test") for name in "ab"}
    dataset = project(folder(tmp_path, classes)).values["datasets"]["flowers"]
    assert dataset["layout"] == "splits" and "split" not in dataset


class TestNotes:
    def notes(self, root: Path) -> str:
        return "\n".join(summary.notes(*looked_at(root)))

    def test_a_sound_folder_has_none(self, tmp_path: Path) -> None:
        assert self.notes(folder(tmp_path, {"a": 60, "b": 60})) == ""

    def test_what_is_odd_is_said(self, tmp_path: Path) -> None:
        folder(tmp_path, {"a": 60, "b": 11})
        (tmp_path / "a" / "broken.jpg").write_bytes(b"x")
        (tmp_path / "a" / "broken too.jpg").write_bytes(b"x")
        image(tmp_path / "loose.png")
        (tmp_path / "empty").mkdir()
        said = self.notes(tmp_path)
        assert "2 files cannot be used, for example because one is not an image" in said
        assert "1 files lie in no class folder" in said and "empty is empty: left out" in said
        assert "b will be judged by fewer than 5 test images" in said
        assert "times the smallest: where the small ones count, try the hyperparameter class-weighting" in said


def test_a_sample_is_said_to_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = folder(tmp_path, {"a": 60, "b": 60})
    assert "looked at" not in dict(summary.rows(*looked_at(root)))
    monkeypatch.setattr("kennel.new_project.inspection.SAMPLE", 40)
    said = dict(summary.rows(*looked_at(root)))
    assert said["images"].startswith("about 120") and said["looked at"].startswith("the headers of 40 files")
    assert "(estimated from 40 of them)" in project(root).text
    assert splits.propose(looked_at(root)[0]).num_train > 60


def test_the_size_is_said_in_the_shortest_way(tmp_path: Path) -> None:
    folder(tmp_path, {"a": 6, "b": 6})
    assert dict(summary.rows(*looked_at(tmp_path)))["size"] == "40 x 30 pixels, all of them"
    image(tmp_path / "a" / "large.png", (90, 80))
    assert dict(summary.rows(*looked_at(tmp_path)))["shorter side"] == "30 to 80 pixels, half of them at least 30"
