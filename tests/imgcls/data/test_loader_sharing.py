"""The loader: processes share each batch, an epoch resumes in its middle, images are drawn by weight."""

from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from imgcls.contract.artifact import Preprocessing
from imgcls.data.augment import AUGMENTATIONS
from imgcls.data.folders import open_dataset
from imgcls.data.loader import Loader
from imgcls.data.sampling import epoch_order, share, streamed_order

SPEC = Preprocessing(resize=36, crop=32)
TRAINING = {"augmentation": AUGMENTATIONS["standard"], "seed": 3}


class Counting:
    """A split that remembers which images were read."""

    def __init__(self, folder: Path) -> None:
        self._split = open_dataset(folder)
        self.labels, self.targets, self.name = self._split.labels, self._split.targets, self._split.name
        self.read_indices: list[int] = []

    def __len__(self) -> int:
        return len(self._split)

    def read(self, index: int) -> bytes:
        self.read_indices.append(index)
        return self._split.read(index)


def batches(loader: Loader, epoch: int = 1, start: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(batch.images.copy(), batch.targets.copy()) for batch in loader.epoch(epoch, start)]


def same(first, second) -> bool:
    pairs = list(zip(first, second, strict=True))
    return all((a == b).all() and (x == y).all() for (a, x), (b, y) in pairs)


@pytest.mark.parametrize("world_size", [2, 3, 10])
@pytest.mark.parametrize("training", [True, False])
def test_the_processes_batches_in_rank_order_are_the_single_process_batch(splits, world_size, training):
    dataset = open_dataset(splits / "train")
    options = TRAINING if training else {}
    alone = batches(Loader(dataset, SPEC, 10, **options))
    shared = [
        batches(Loader(dataset, SPEC, 10, num_workers=rank + 1, rank=rank, world_size=world_size, **options))
        for rank in range(world_size)
    ]
    joined = [tuple(np.concatenate(parts) for parts in zip(*ranks, strict=True)) for ranks in zip(*shared, strict=True)]
    assert len(alone) == (7 if training else 8)
    assert same(joined, alone)


def test_a_process_reads_its_own_rows_only(splits):
    dataset = Counting(splits / "train")
    batches(Loader(dataset, SPEC, 10, rank=1, world_size=2, **TRAINING))
    assert len(dataset.read_indices) == 7 * 5 and len(set(dataset.read_indices)) == 35


@pytest.mark.parametrize("options", [{}, TRAINING])
def test_an_epoch_resumes_in_its_middle_without_reading_what_is_done(splits, options):
    dataset = Counting(splits / "train")
    loader = Loader(dataset, SPEC, 10, **options)
    whole = batches(loader)
    dataset.read_indices.clear()
    assert same(batches(loader, start=5), whole[5:])
    assert len(dataset.read_indices) == sum(len(targets) for _, targets in whole[5:])
    assert batches(loader, start=len(loader)) == []


def test_weights_draw_rare_classes_as_often_as_others(splits):
    dataset = Counting(splits / "train")
    weights = [6.0 if target == 0 else 1.0 for target in dataset.targets]
    loader = Loader(dataset, SPEC, 9, sampling_weights=weights, **TRAINING)
    counts = np.bincount(np.concatenate([targets for epoch in range(20) for _, targets in batches(loader, epoch)]))
    assert counts.sum() == 20 * 72
    assert counts[0] / counts.sum() == pytest.approx(6 / 8, abs=0.04)


def test_an_image_that_is_drawn_twice_is_augmented_twice(splits):
    dataset = Counting(splits / "train")
    loader = Loader(dataset, SPEC, 8, sampling_weights=[1.0] + [0.0] * 71, **TRAINING)
    images = batches(loader)[0][0]
    assert set(dataset.read_indices) == {0}
    assert all((images[0] != image).any() for image in images[1:])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"world_size": 11}, "a batch of 10 images cannot be shared by 11 processes"),
        ({"sampling_weights": [1.0] * 72}, "sampling_weights are for training"),
    ],
)
def test_contradictory_options_are_refused(splits, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        Loader(open_dataset(splits / "train"), SPEC, 10, **options)


@pytest.mark.parametrize("weights", [[1.0, 2.0], [0.0] * 3, [1.0, -1.0, 1.0], [1.0, float("nan"), 1.0]])
def test_weights_are_checked(weights):
    with pytest.raises(ValueError, match="sampling_weights"):
        epoch_order(3, 0, 1, shuffled=True, weights=weights)


@pytest.mark.parametrize(("num", "world_size"), [(7, 3), (2, 5), (64, 8), (0, 2)])
def test_shares_cover_a_batch_in_order_and_differ_by_one_row(num, world_size):
    rows = [list(range(num))[share(num, rank, world_size)] for rank in range(world_size)]
    assert list(chain(*rows)) == list(range(num))
    assert max(map(len, rows)) - min(map(len, rows)) <= 1


def test_training_works_without_simplejpeg(splits, monkeypatch):
    """As in the stock training image; here torchvision has no image library either, so Pillow decodes."""
    dataset = open_dataset(splits / "train")
    expected = batches(Loader(dataset, SPEC, 10, **TRAINING))
    for module in ("imgcls.data.augment", "imgcls.images.preprocess"):
        monkeypatch.setattr(f"{module}.simplejpeg", None)
    assert same(batches(Loader(dataset, SPEC, 10, **TRAINING)), expected)


FILES = np.repeat(np.random.default_rng(0).permutation(40), 25)  # 40 files of 25 images each


def test_streamed_files_are_read_from_beginning_to_end():
    order = streamed_order(FILES, seed=3, epoch=1)
    assert sorted(order) == list(range(len(FILES)))
    for file in range(40):
        assert (np.diff(order[FILES[order] == file]) > 0).all()


def test_streamed_files_are_mixed_differently_in_every_epoch():
    orders = [FILES[streamed_order(FILES, 3, epoch)] for epoch in (1, 2)]
    # A window's first quarter of 100 images, drawn from its 16 files.
    assert all(14 <= len(set(files[:100])) <= 16 for files in orders)
    assert set(orders[0][:400]) != set(orders[1][:400])
    assert (streamed_order(FILES, 3, 1) == streamed_order(FILES, 3, 1)).all()


def test_the_loader_streams_the_files_that_it_is_given(splits):
    dataset = Counting(splits / "train")
    files = np.arange(len(dataset)) % 3
    list(Loader(dataset, SPEC, 10, num_workers=1, files=files, **TRAINING).epoch(1))
    for file in range(3):
        assert (np.diff([index for index in dataset.read_indices if index % 3 == file]) > 0).all()
