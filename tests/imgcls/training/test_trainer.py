"""The trainer: schedule, batch statistics, divergence, frozen layers, and that it learns."""

import json

import numpy as np
import pytest
import torch

from imgcls.contract.optimization import Optimization
from imgcls.debug.watch import TrainingDiverged
from imgcls.networks import architectures
from imgcls.training.optimizer import make_optimizer, schedule
from imgcls.training.results import ValidationResult
from tests.imgcls.trainers import SPEC, fake_batches, plain_network, trainers


@pytest.fixture
def make_trainer(tmp_path):
    with trainers(tmp_path) as make:
        yield make


def test_the_schedule_rises_and_then_falls_to_zero():
    rates = [schedule(step, 100, 10) for step in range(1, 101)]
    assert rates[0] == pytest.approx(0.1) and max(rates) == pytest.approx(1.0, abs=1e-3)
    assert rates.index(max(rates)) == 9 and rates[-1] == pytest.approx(0)
    assert schedule(1, 10, 0) < 1


@pytest.mark.parametrize("changes", [{}, {"optimizer": "adamw", "lr": 0.002}, {"train_precision": "bf16"}])
def test_training_learns(make_trainer, changes):
    trainer = make_trainer(**changes)
    losses = [trainer.train_epoch(fake_batches(seed=epoch), epoch).loss for epoch in (1, 2, 3)]
    trainer.refresh_statistics()
    assert losses[-1] < losses[0] / 2
    assert trainer.validate(fake_batches(seed=9)).accuracy > 0.95


def test_refreshed_statistics_are_those_of_the_current_weights(make_trainer):
    """MobileNetV3's averages keep 99 % per step: without the refresh evaluation would be near chance."""
    network = architectures.build("mobilenet_v3_small", 2)
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
    network = architectures.build("simple_cnn", 2)
    architectures.freeze_backbone(network)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    trainer = make_trainer(network)
    trainer.train_epoch(fake_batches(), 1)
    trainer.refresh_statistics()
    changed = {name for name, tensor in network.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed == {"head.weight", "head.bias"}


def test_a_loss_that_is_not_finite_stops_training_with_the_reason(make_trainer, tmp_path):
    trainer = make_trainer(lr=10.0, warmup_epochs=0.0)
    with torch.no_grad():
        trainer._network.head.weight.fill_(float("inf"))
    with pytest.raises(TrainingDiverged, match=r"epoch 1, step 1.*lower lr"):
        trainer.train_epoch(fake_batches(), 1)
    rows = [json.loads(line) for line in (tmp_path / "records" / "debug.jsonl").read_text().splitlines()]
    assert rows[-1]["name"] == "non-finite-loss" and rows[-1]["severity"] == "error" and rows[-1]["value"] is None


def trained(trainer, **batches):
    trainer.train_epoch(fake_batches(**batches), 1)
    return trainer.weights()


def difference(some, others):
    return max(float((some[name] - others[name]).abs().max()) for name in some)


@pytest.mark.parametrize("parts", [2, 4, 16])
def test_an_accumulated_batch_gives_the_weights_of_the_whole_batch(make_trainer, parts):
    """Ten images in four parts are 3, 3, 2 and 2; with more parts than images each part is one image."""
    options = {"jitter": 0.3, "batch_size": 10, "class_weights": np.array([0.5, 2], np.float32)}
    whole = trained(make_trainer(plain_network(), **options), size=10)
    divided = trained(make_trainer(plain_network(), **options, accumulation_steps=parts), size=10)
    assert difference(whole, divided) < 1e-6
    assert difference(whole, plain_network().state_dict()) > 1e-3


def test_clipping_limits_a_step(make_trainer):
    """Without momentum and decay a step is the learning rate times the gradient."""
    before = plain_network().state_dict()
    options = {"momentum": 0.0, "weight_decay": 0.0, "warmup_epochs": 0.0, "lr": 1.0}
    for clipping, largest in ((0.0, float("inf")), (0.01, 0.01 + 1e-5)):
        after = trained(make_trainer(plain_network(), **options, gradient_clipping=clipping), num=1)
        moved = torch.cat([(after[name] - before[name]).flatten() for name in after]).norm()
        assert largest / 1.1 < moved <= largest if clipping else moved > 0.1


def test_the_head_is_trained_first_then_everything_at_a_lower_rate(make_trainer):
    trainer = make_trainer(head_epochs=1, backbone_lr_ratio=0.1)
    start = trainer.weights()
    trainer.train_epoch(fake_batches(), 1)
    first = trainer.weights()
    assert {name for name in start if not torch.equal(start[name], first[name])} == {"head.weight", "head.bias"}
    trainer.train_epoch(fake_batches(), 2)
    trainer.refresh_statistics()
    second = trainer.weights()
    assert all(not torch.equal(first[name], second[name]) for name in start if not name.endswith("tracked"))


def test_the_backbone_has_its_own_rate_and_scales_have_no_decay():
    network = architectures.build("simple_cnn", 2)
    groups = make_optimizer(network, Optimization(backbone_lr_ratio=0.25)).param_groups
    ratios = {parameter: group["lr_ratio"] for group in groups for parameter in group["params"]}
    assert {ratios[parameter] for parameter in network.head.parameters()} == {1.0}
    assert {ratios[parameter] for parameter in network.features.parameters()} == {0.25}
    decayed = {group["weight_decay"] > 0 for group in groups if any(p.ndim > 1 for p in group["params"])}
    assert decayed == {True} and len(ratios) == len(list(network.parameters()))


def test_at_equal_accuracy_the_lower_loss_is_better():
    assert ValidationResult(0.5, 0.9).better_than(ValidationResult(0.1, 0.8))
    assert ValidationResult(0.4, 0.9).better_than(ValidationResult(0.5, 0.9))
    assert not ValidationResult(0.5, 0.9).better_than(ValidationResult(0.5, 0.9))


def test_compiled_steps_compute_the_same(make_trainer, monkeypatch):
    """Traced as on a GPU, without its kernels: colours, head epochs, a batch in parts, a watched step."""

    def weights(*, compiled):
        trainer = make_trainer(jitter=0.3, compile=compiled, head_epochs=1, accumulation_steps=2, gradient_clipping=1.0)
        losses = [trainer.train_epoch(fake_batches(seed=epoch), epoch).loss for epoch in (1, 2)]
        return losses, trainer.validate(fake_batches(seed=9)).loss

    graphs = []

    def compile_(function, **options):
        graphs.append(function)
        return original(function, backend="aot_eager", **options)

    original = torch.compile
    plain = weights(compiled=False)
    monkeypatch.setattr(torch, "compile", compile_)
    losses, validation = weights(compiled=True)
    assert len(graphs) == 3, "the colours, the head's epochs, the whole network's"
    assert losses == pytest.approx(plain[0], rel=1e-4) and validation == pytest.approx(plain[1], rel=1e-3)
