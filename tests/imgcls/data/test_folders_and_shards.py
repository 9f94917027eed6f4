"""Class folders and the loader: same seed, same batches for any number of threads; bad data is named."""

import numpy as np
import pytest

from imgcls.contract.artifact import Preprocessing
from imgcls.data.augment import AUGMENTATIONS, random_box
from imgcls.data.folders import DataError, check_same_classes, open_dataset
from imgcls.data.loader import Loader
from imgcls.images.preprocess import preprocess
from tests.imgcls.stripes import CLASSES, draw_split

SPEC = Preprocessing(resize=36, crop=32)


def batches(loader, epoch=1):
    return [(batch.images.copy(), batch.targets.copy()) for batch in loader.epoch(epoch)]


def test_labels_are_the_folder_names_without_their_number(splits):
    dataset = open_dataset(splits / "train")
    assert dataset.labels == ("Lying", "Standing", "Slanting")
    assert dataset.name(0) == "001.Lying/000.jpg" and dataset.targets[0] == 0
    assert open_dataset(splits / "train", {"Lying": "flat"}).labels == ("flat", "Standing", "Slanting")


@pytest.mark.parametrize(
    ("folders", "message"),
    [
        ({}, "0 class folders"),
        ({"001.Only": 2}, "1 class folders"),
        ({"001.Full": 2, "002.Empty": 0}, "'002.Empty'"),
        ({"001.Same": 1, "002.Same": 1}, "'Same'"),
    ],
)
def test_a_split_that_cannot_be_trained_on_is_refused(tmp_path, folders, message):
    for name, count in folders.items():
        (tmp_path / name).mkdir()
        for number in range(count):
            (tmp_path / name / f"{number}.jpg").touch()
    with pytest.raises(DataError, match=message):
        open_dataset(tmp_path)


def test_a_class_that_validation_lacks_is_named(splits, tmp_path):
    fewer = draw_split(tmp_path / "v", 1, 0, {name: CLASSES[name] for name in list(CLASSES)[:2]})
    with pytest.raises(DataError, match="validation split lacks the class 'Slanting'"):
        check_same_classes(open_dataset(splits / "train"), open_dataset(fewer), "validation")
    with pytest.raises(DataError, match="validation split has the class 'Slanting'"):
        check_same_classes(open_dataset(fewer), open_dataset(splits / "train"), "validation")


@pytest.mark.parametrize("augmentation", ["none", "light", "standard"])
def test_batches_do_not_depend_on_the_number_of_threads(splits, augmentation):
    dataset = open_dataset(splits / "train")
    made = [
        batches(Loader(dataset, SPEC, 10, augmentation=AUGMENTATIONS[augmentation], seed=3, num_workers=workers))
        for workers in (1, 5)
    ]
    assert len(made[0]) == 7
    for (images, targets), (others, other_targets) in zip(*made, strict=True):
        assert (images == others).all() and (targets == other_targets).all()


def test_epochs_differ_and_seeds_differ(splits):
    dataset = open_dataset(splits / "train")
    loader = Loader(dataset, SPEC, 72, augmentation=AUGMENTATIONS["light"], seed=3)
    other = Loader(dataset, SPEC, 72, augmentation=AUGMENTATIONS["light"], seed=4)
    first, again, second = batches(loader, 1)[0][0], batches(loader, 1)[0][0], batches(loader, 2)[0][0]
    assert (first == again).all() and (first != second).any() and (first != batches(other, 1)[0][0]).any()


def test_validation_gets_the_pixels_of_preprocess_in_order(splits):
    dataset = open_dataset(splits / "validation")
    made = batches(Loader(dataset, SPEC, 7))
    assert [len(targets) for _, targets in made] == [7, 7, 7, 3]
    pixels = np.concatenate([images for images, _ in made])
    for index in range(len(dataset)):
        assert (pixels[index] == preprocess(dataset.read(index), SPEC)).all()


def test_a_corrupt_file_is_named(splits, tmp_path):
    folder = draw_split(tmp_path / "t", 3, 0)
    (folder / "002.Standing" / "001.jpg").write_bytes(b"\xff\xd8\xff\xe0 not a picture")
    with pytest.raises(DataError, match=r"002\.Standing/001\.jpg.*remove it"):
        batches(Loader(open_dataset(folder), SPEC, 4))


def test_an_abandoned_epoch_leaves_no_thread(splits):
    import threading

    before = threading.active_count()
    epoch = Loader(open_dataset(splits / "train"), SPEC, 4, num_workers=3).epoch(1)
    next(epoch)
    epoch.close()
    assert threading.active_count() == before


def test_random_boxes_are_inside_the_image_and_have_the_area():
    random = np.random.default_rng(0)
    for _ in range(200):
        left, top, right, bottom = random_box((200, 150), 0.3, *random.random(3))
        assert 0 <= left < right <= 200 and 0 <= top < bottom <= 150
        assert abs((right - left) * (bottom - top) / (200 * 150) - 0.3) < 0.02
        assert 0.72 < (right - left) / (bottom - top) < 1.36
