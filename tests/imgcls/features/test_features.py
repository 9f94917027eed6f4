"""Cached features: equal to the network's own, computed again when anything they depend on changes, resumable."""

import json

import numpy as np
import pytest
import torch

from imgcls.contract.artifact import ARCHITECTURES, Preprocessing
from imgcls.data.augment import AUGMENTATIONS
from imgcls.data.folders import open_dataset
from imgcls.data.loader import Loader
from imgcls.features import store
from imgcls.features.backbone import split
from imgcls.features.extract import Extractor, Pass
from imgcls.features.loader import FeatureLoader
from imgcls.features.store import FeatureArray
from imgcls.networks import architectures

SPEC = Preprocessing(crop=32, resize=36)
CPU = torch.device("cpu")


def settings(**changes):
    values = {
        "spec": SPEC, "augmentation": AUGMENTATIONS["standard"], "seed": 1, "batch_size": 16, "num_workers": 1,
        "device": CPU,
    }  # fmt: skip
    return Pass(**{**values, **changes})


def network_of(architecture="simple_cnn", seed=1):
    torch.manual_seed(seed)
    network = architectures.build(architecture, 3).eval()
    # Untrained statistics would hide a layer that is in the wrong mode.
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_mean, -0.1, 0.1)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
    return network


def logits_of(network, dataset):
    """The network's logits, on images from the loader."""
    mean, std = (255 * torch.tensor(value).view(1, 3, 1, 1) for value in (SPEC.mean, SPEC.std))
    found = []
    with torch.no_grad():
        for batch in Loader(dataset, SPEC, 24, num_workers=1).epoch(1):
            pixels = torch.from_numpy(batch.images).permute(0, 3, 1, 2).float()
            found.append(network((pixels - mean) / std))
    return torch.cat(found)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_head_on_features_equals_the_network_on_images(splits, tmp_path, architecture):
    network, dataset = network_of(architecture), open_dataset(splits / "validation")
    backbone, head = split(network)
    num_features = architectures.head(network)[1].in_features
    [features] = Extractor(backbone, num_features, settings(), tmp_path).features(dataset, "validation", 1)
    assert features.shape == (len(dataset), num_features) and features.dtype == np.float32
    with torch.no_grad():
        cached = head.eval()(torch.from_numpy(np.array(features)))
    torch.testing.assert_close(cached, logits_of(network, dataset), rtol=0, atol=1e-4)


def test_the_head_is_the_networks_own_layer_and_the_backbone_is_frozen():
    network = network_of("mobilenet_v3_small")
    backbone, head = split(network)
    assert head[-1] is network.classifier[3] and isinstance(head[-2], torch.nn.Dropout)
    assert not any(parameter.requires_grad for parameter in backbone.parameters())
    assert all(parameter.requires_grad for parameter in network.parameters())


def rows_made(monkeypatch):
    """A list that gets the numbers of rows that are computed, not reused."""
    made = []
    original = FeatureArray.append
    monkeypatch.setattr(FeatureArray, "append", lambda self, rows: (made.append(len(rows)), original(self, rows))[1])
    return made


def test_features_are_reused_until_something_they_depend_on_changes(splits, tmp_path, monkeypatch):
    made = rows_made(monkeypatch)
    dataset = open_dataset(splits / "validation")

    def run(network, dataset=dataset, views=2, **changes):
        made.clear()
        extractor = Extractor(split(network)[0], 128, settings(**changes), tmp_path)
        arrays = extractor.features(dataset, "train", views)
        assert extractor.reused_rows + sum(made) == len(dataset) * views
        return sum(made), arrays

    num = len(dataset)
    network = network_of()
    first, arrays = run(network)
    assert first == 2 * num and not np.allclose(*arrays)
    again, same = run(network)
    assert again == 0 and all(np.array_equal(*pair) for pair in zip(arrays, same, strict=True))
    with torch.no_grad():
        architectures.head(network)[1].weight.add_(1)
    assert run(network)[0] == 0, "the features do not depend on the head"
    assert run(network, seed=2)[0] == num, "another seed changes all views but the first, which is the plain image"
    assert run(network, seed=2, augmentation=AUGMENTATIONS["light"])[0] == num
    assert run(network, seed=2, spec=Preprocessing(crop=32, resize=40))[0] == 2 * num
    assert run(network_of(seed=2), seed=2)[0] == 2 * num
    assert run(network_of(seed=2), open_dataset(splits / "test"), seed=2)[0] == 2 * num, "other images"


def test_an_interrupted_pass_resumes_and_gives_the_same(splits, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "BLOCK_ROWS", 16)
    dataset, backbone = open_dataset(splits / "train"), split(network_of())[0]
    extractors = [Extractor(backbone, 128, settings(batch_size=8), tmp_path / name) for name in ("whole", "cut", "cut")]
    whole = extractors[0].features(dataset, "train", 2)

    original, left = FeatureArray.append, iter(range(13))

    def append(self, rows):
        if next(left, None) is None:
            raise KeyboardInterrupt
        original(self, rows)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(FeatureArray, "append", append)
        extractors[1].features(dataset, "train", 2)
    resumed = extractors[2].features(dataset, "train", 2)
    assert extractors[2].reused_rows == 72 + 32, "one complete view, and two complete blocks of the next"
    assert all(np.array_equal(*pair) for pair in zip(whole, resumed, strict=True))


@pytest.mark.parametrize("damage", ["flip", "cut", "index"])
def test_a_damaged_array_is_computed_again_from_the_damage_on(tmp_path, monkeypatch, damage):
    monkeypatch.setattr(store, "BLOCK_ROWS", 4)
    rows = np.random.default_rng(1).normal(size=(10, 3)).astype(np.float32)
    array = FeatureArray(tmp_path, "train-0", {"a": 1}, rows.shape)
    for row in rows:
        array.append(row[None])
    data, index = tmp_path / "train-0.npy", tmp_path / "train-0.json"
    content = bytearray(data.read_bytes())
    if damage == "flip":
        content[-12 * 5] ^= 1  # in row 5: the second block
        data.write_bytes(content)
    elif damage == "cut":
        data.write_bytes(content[:-1])
    else:
        index.write_text(index.read_text()[:20])
    assert FeatureArray(tmp_path, "train-0", {"a": 1}, rows.shape).rows == {"flip": 4, "cut": 8, "index": 0}[damage]


def test_an_array_with_another_key_or_shape_is_not_used(tmp_path):
    rows = np.zeros((4, 3), np.float32)
    FeatureArray(tmp_path, "x", {"a": 1}, (4, 3)).append(rows)
    assert FeatureArray(tmp_path, "x", {"a": 1}, (4, 3)).is_complete
    assert FeatureArray(tmp_path, "x", {"a": 1}, (4, 2)).rows == 0
    FeatureArray(tmp_path, "x", {"a": 1}, (4, 3)).append(rows)
    assert FeatureArray(tmp_path, "x", {"a": 2}, (4, 3)).rows == 0
    assert not json.loads("[]") and not (tmp_path / "x.json").exists()


def test_batches_of_features_match_those_of_the_images(splits):
    dataset = open_dataset(splits / "train")
    first = np.arange(len(dataset), dtype=np.float32)[:, None]
    views = (first, first + 1000)
    images = Loader(dataset, SPEC, 20, augmentation=AUGMENTATIONS["none"], seed=3, num_workers=1)
    kept = FeatureLoader(views[:1], dataset.targets, 20, training=True, seed=3)
    assert len(images) == len(kept) == 3
    for ours, theirs in zip(kept.epoch(2), images.epoch(2), strict=True):
        assert np.array_equal(ours.targets, theirs.targets)
    both = FeatureLoader(views, dataset.targets, 72, training=True, seed=3)
    [first], [second] = both.epoch(1), both.epoch(2)
    shown = [np.sort(batch.images.ravel()) for batch in (first, second)]
    assert np.array_equal(np.sort(np.concatenate(shown)), np.sort(np.concatenate(views).ravel())), (
        "all views, once each"
    )
