"""The loaders of a training, as the settings ask for them."""

import hashlib
import shutil

import numpy as np
import pytest

from imgcls.contract.hyperparameter import HyperparameterError
from imgcls.contract.training_settings import TrainingSettings
from imgcls.data import shards
from imgcls.training import data as training_data
from imgcls.training.class_balance import loss_weights
from imgcls.training.data import open_data
from tests.imgcls.stripes import SPEC


def opened(folder, **changes):
    settings = TrainingSettings.from_hyperparameters({"batch-size": 10, "preprocessing": SPEC, **changes})
    return open_data(folder / "train", folder / "validation", settings)


@pytest.fixture
def unequal(splits, tmp_path):
    """Three images of one class, 24 of each of the others."""
    folder = tmp_path / "data"
    shutil.copytree(splits, folder)
    for path in sorted((folder / "train" / "003.Slanting").iterdir())[3:]:
        path.unlink()
    return folder


def shares(data):
    targets = np.concatenate([batch.targets for epoch in range(1, 5) for batch in data.train.epoch(epoch)])
    return np.bincount(targets, minlength=3) / len(targets)


def test_a_sampler_draws_every_class_equally_often(unequal):
    assert shares(opened(unequal)) == pytest.approx([24 / 51, 24 / 51, 3 / 51], abs=0.03)
    balanced = opened(unequal, **{"class-weighting": "sampler"})
    assert shares(balanced) == pytest.approx([1 / 3] * 3, abs=0.12) and balanced.class_weights is None


def test_with_a_weighted_loss_images_are_drawn_as_usual(unequal):
    weighted = opened(unequal, **{"class-weighting": "loss"})
    assert weighted.class_weights == pytest.approx(loss_weights([0] * 24 + [1] * 24 + [2] * 3, 3))
    assert shares(weighted) == pytest.approx([24 / 51, 24 / 51, 3 / 51], abs=0.03)


def test_accumulation_parts_of_one_image_are_refused(unequal):
    with pytest.raises(HyperparameterError, match=r"batch-size 10 in 6 parts .*: use at least 12"):
        opened(unequal, **{"accumulation-steps": 6})


def test_only_shards_too_large_to_copy_are_streamed(splits, tmp_path, monkeypatch):
    folder = tmp_path / "data"
    shutil.copytree(splits, folder)
    files = sorted((folder / "train").glob("*/*"))
    images = [
        shards.Encoded(f"{path.parent.name}/{path.name}", hashlib.sha256(path.read_bytes()).hexdigest(),
                       path.parent.name, path.read_bytes())
        for path in files
    ]  # fmt: skip
    shutil.rmtree(folder / "train")
    shards.write(folder / "train", sorted(images, key=lambda image: shards.order(image.sha256, 4)), 4)

    def read_in_turn() -> bool:
        data = opened(folder, **{"num-workers": 1})
        seen, read = [], data.train_split.read
        monkeypatch.setattr(data.train_split, "read", lambda index: seen.append(index) or read(index))
        list(data.train.epoch(1))
        shard = data.train_split.files
        return all((np.diff([i for i in seen if shard[i] == s]) > 0).all() for s in set(shard))

    assert not read_in_turn()
    monkeypatch.setattr(training_data, "STREAMED_BYTES", 1000)
    assert read_in_turn()
