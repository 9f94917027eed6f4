"""The engine: schedule, batch statistics, divergence, frozen layers, one pass that learns."""

import json
import time

import numpy as np
import pytest
import torch

from imgcls import networks
from imgcls.contract.artifact import Preprocessing
from imgcls.contract.hyperparameters import HYPERPARAMETERS
from imgcls.data.loader import Batch
from imgcls.debug.parameters import trainable_groups
from imgcls.debug.watch import TrainingDiverged
from imgcls.engine import Trainer, ValidationResult
from imgcls.recipe import Recipe, schedule
from imgcls.recording import Recorder

SPEC = Preprocessing(resize=36, crop=32)


def recipe(**changes):
    values = {item.name: item.default for item in HYPERPARAMETERS} | {"epochs": 3, "lr": 0.01} | changes
    return Recipe.from_hyperparameters(values, jitter=0.0)


def fake_batches(num=6, size=8, seed=0):
    """Bright pictures are class 1."""
    random = np.random.default_rng(seed)
    for _ in range(num):
        targets = random.integers(0, 2, size)
        images = random.integers(0, 100, (size, 32, 32, 3)) + 120 * targets[:, None, None, None]
        yield Batch(images.astype(np.uint8), targets)


@pytest.fixture
def make_trainer(tmp_path):
    with Recorder(tmp_path / "records", started=time.time()) as recorder:

        def make(network=None, **changes):
            torch.manual_seed(0)
            network = network or networks.build("simple_cnn", 2)
            return Trainer(
                network,
                SPEC,
                recipe(**changes),
                steps_per_epoch=6,
                batch_size=8,
                device=torch.device("cpu"),
                recorder=recorder,
            )

        yield make


def test_the_schedule_rises_then_falls_to_nothing():
    rates = [schedule(step, 100, 10) for step in range(1, 101)]
    assert rates[0] == pytest.approx(0.1) and max(rates) == pytest.approx(1.0, abs=1e-3)
    assert rates.index(max(rates)) == 9 and rates[-1] == pytest.approx(0)
    assert schedule(1, 10, 0) < 1


@pytest.mark.parametrize("changes", [{}, {"optimizer": "adamw", "lr": 0.002}, {"train-precision": "bf16"}])
def test_training_learns(make_trainer, changes):
    trainer = make_trainer(**changes)
    losses = [trainer.train_epoch(fake_batches(seed=epoch), epoch).loss for epoch in (1, 2, 3)]
    trainer.refresh_statistics()
    assert losses[-1] < losses[0] / 2
    assert trainer.validate(fake_batches(seed=9)).accuracy > 0.95


def test_refreshed_statistics_are_those_of_the_weights_of_now(make_trainer):
    """MobileNetV3's averages keep 99 % a step: without the refresh evaluation would be near chance."""
    network = networks.build("mobilenet_v3_small", 2)
    trainer = make_trainer(network, lr=0.02, epochs=4)
    for epoch in (1, 2, 3, 4):
        trainer.train_epoch(fake_batches(seed=epoch), epoch)
    norm = network.features[0][1]
    stale = norm.running_mean.clone()
    trainer.refresh_statistics()
    images = torch.cat([torch.from_numpy(batch.images) for batch in fake_batches(seed=4)])
    mean = 255 * torch.tensor(SPEC.mean)
    std = 255 * torch.tensor(SPEC.std)
    with torch.no_grad():
        exact = network.features[0][0](((images.float() - mean) / std).permute(0, 3, 1, 2)).mean((0, 2, 3))
    assert torch.allclose(norm.running_mean, exact, atol=1e-4)
    assert not torch.allclose(stale, exact, atol=1e-2)
    assert norm.momentum == 0.01


def test_a_frozen_backbone_keeps_its_weights_and_averages(make_trainer):
    network = networks.build("simple_cnn", 2)
    networks.freeze_backbone(network)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    trainer = make_trainer(network)
    trainer.train_epoch(fake_batches(), 1)
    trainer.refresh_statistics()
    changed = {name for name, tensor in network.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed == {"head.weight", "head.bias"}


def test_a_loss_that_is_no_number_stops_with_the_reason(make_trainer, tmp_path):
    trainer = make_trainer(lr=10.0, **{"warmup-epochs": 0})
    with torch.no_grad():
        trainer._network.head.weight.fill_(float("inf"))
    with pytest.raises(TrainingDiverged, match=r"epoch 1, step 1.*lower lr"):
        trainer.train_epoch(fake_batches(), 1)
    rows = [json.loads(line) for line in (tmp_path / "records" / "debug.jsonl").read_text().splitlines()]
    assert rows[-1]["name"] == "non-finite-loss" and rows[-1]["severity"] == "error" and rows[-1]["value"] is None


def test_equal_accuracies_are_told_apart_by_the_loss():
    assert ValidationResult(0.5, 0.9).better_than(ValidationResult(0.1, 0.8))
    assert ValidationResult(0.4, 0.9).better_than(ValidationResult(0.5, 0.9))
    assert not ValidationResult(0.5, 0.9).better_than(ValidationResult(0.5, 0.9))


def test_layer_groups_name_the_parts_of_a_network():
    assert list(trainable_groups(networks.build("resnet18", 2))) == [
        "conv1", "bn1", "layer1", "layer2", "layer3", "layer4", "fc",
    ]  # fmt: skip
    assert "features.3" in trainable_groups(networks.build("mobilenet_v3_small", 2))
