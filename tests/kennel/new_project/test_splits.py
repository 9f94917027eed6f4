"""A split in which every class has images in each part."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from config.datasets import DatasetSpec, Limits, Split
from imgcls.contract.dataset import DatasetSettings
from imgcls.preparation import run
from kennel.errors import KennelError
from kennel.new_project import inspection, splits
from kennel.new_project.splits import SHARES, SHARES_OF_FEW
from tests.kennel.new_project.images import folder, looked_at


def prepared(root: Path, plan: splits.SplitPlan) -> Counter[tuple[str, str]]:
    """(class folder, split) -> images, as the Prepare step finds them with what is proposed."""
    shares = plan.shares or SHARES
    spec = DatasetSpec(
        name="d",
        layout="classes" if plan.shares and not (root / "train").is_dir() else "splits",
        split=Split(train=shares.train, validation=shares.validation, test=shares.test, seed=plan.seed),
        limits=Limits(min_images=plan.min_images),
    )
    checked = run.check(root, DatasetSettings.from_dict(spec.settings()), workers=1)
    assert not checked.assessment.failures, checked.assessment.failures
    return Counter((row.label_folder, row.split) for row in checked.decision.rows)


@pytest.mark.parametrize(
    "classes",
    [
        {"a": 40, "b": 40}, {"a": 60, "b": 12, "c": 20}, {f"c{n}": 8 for n in range(5)},
        {"train/a": 20, "train/b": 9, "test/a": 5, "test/b": 3},
    ],
)  # fmt: skip
def test_the_prepare_step_finds_what_is_planned(classes: dict[str, int], tmp_path: Path) -> None:
    folder(tmp_path, classes)
    _, plan = looked_at(tmp_path)
    counts = prepared(tmp_path, plan)
    small = [name for name in plan.train if plan.train[name] < 30]
    for split, planned in (("train", plan.train), ("validation", plan.validation), ("test", plan.test)):
        for name in small:
            # Noise may look like other noise, and is then moved or left out.
            assert abs(counts[name, split] - planned[name]) <= 1, (name, split)
        assert all(counts[name, split] for name in planned), split


def test_the_default_shares_split_large_classes(tmp_path: Path) -> None:
    _, plan = looked_at(folder(tmp_path, {"a": 90, "b": 85}))
    assert (plan.shares, plan.seed, plan.min_images) == (SHARES, 0, 10)
    assert plan.num_train == round(0.7 * 90) + round(0.7 * 85)


def test_content_is_read_only_where_a_class_could_miss_a_split(tmp_path: Path) -> None:
    folder(tmp_path, {"a": 120, "b": 12})
    read: list[int] = []
    _, plan = (
        inspection.look(tmp_path),
        splits.propose(inspection.look(tmp_path), lambda work, done, total: read.append(total)),
    )
    assert set(read) == {12} and plan.shares == SHARES_OF_FEW
    assert min(plan.validation["b"], plan.test["b"]) >= 1


def test_copies_count_once(tmp_path: Path) -> None:
    root = folder(tmp_path, {"a": 15, "b": 15})
    for index in range(15):
        (root / "a" / f"copy-{index}.png").write_bytes((root / "a" / f"{index}.png").read_bytes())
    _, plan = looked_at(root)
    assert plan.train["a"] + plan.validation["a"] + plan.test["a"] == 15


def test_a_small_class_lowers_what_a_class_must_have(tmp_path: Path) -> None:
    _, plan = looked_at(folder(tmp_path, {"a": 40, "b": 8}))
    assert 2 <= plan.min_images <= plan.train["b"] < 10


def test_given_splits_are_kept(tmp_path: Path) -> None:
    classes = {f"{split}/{name}": num for split, num in (("train", 12), ("valid", 4), ("test", 3)) for name in "ab"}
    _, plan = looked_at(folder(tmp_path, classes))
    assert (plan.shares, plan.train, plan.validation, plan.test) == (
        None, {"a": 12, "b": 12}, {"a": 4, "b": 4}, {"a": 3, "b": 3},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("classes", "sentence"),
    [
        ({"a": 40, "b": 4}, "class 'b' has 4 usable images; at least 5 are needed: add some to .*/b"),
        ({"train/a": 9, "train/b": 9, "valid/a": 2, "valid/b": 2, "test/a": 2}, "'b' has no usable image in test/"),
        ({"train/a": 9, "test/a": 2, "test/b": 7}, "class 'b' has no usable image in train/: move some there"),
        ({f"c{n}": 5 for n in range(40)}, "class 'c.*' has 5 images, too few to be split by chance among 40 classes"),
    ],
)  # fmt: skip
def test_classes_that_cannot_be_split_are_refused(classes: dict[str, int], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(KennelError, match=sentence):
        looked_at(folder(tmp_path, classes))
