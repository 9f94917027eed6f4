"""For every rule a real training that fires it, and a good one that fires none."""

import numpy as np
import psutil
import pytest
import torch
from torch import nn

from imgcls.contract.artifact import Preprocessing
from imgcls.contract.rules import RULES
from imgcls.debug.watch import TrainingDiverged
from imgcls.networks import architectures
from imgcls.profiling import machine
from tests.imgcls.debug.training import SIDE, Images, draw, train

NUM_CLASSES = 3


def plain_network(activation, depth, width=32, scale=1.0):
    """A perceptron without normalisation; `scale` multiplies its initial weights."""
    torch.manual_seed(0)
    layers, size = [nn.Flatten()], 3 * SIDE * SIDE
    for _ in range(depth):
        layers += [nn.Linear(size, width), activation()]
        size = width
    network = nn.Sequential(*layers, nn.Linear(size, NUM_CLASSES))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(scale)
    return network


def changed_network(change):
    torch.manual_seed(0)
    network = architectures.build("simple_cnn", NUM_CLASSES)
    with torch.no_grad():
        change(network)
    return network


def without_first_layer(trainer):
    """As if the optimizer had been made before a layer was unfrozen."""
    forgotten = set(trainer._network.features[0].parameters())
    for group in trainer._optimizer.param_groups:
        group["params"] = [parameter for parameter in group["params"] if parameter not in forgotten]


def blow_up_in_third_epoch(trainer):
    begin = trainer.watch.begin

    def begin_and_blow_up(step, epoch, learning_rate):
        if step == 7:
            with torch.no_grad():
                trainer._network.head.weight.mul_(1e4)
        begin(step, epoch, learning_rate)

    trainer.watch.begin = begin_and_blow_up


def random_labels():
    data = draw((8, 8, 8), seed=1, batch_size=8)
    return Images(data.images, np.random.default_rng(0).permutation(data.targets), 8)


def leak():
    """Allocates 40 MB more after every epoch."""
    kept = []
    return lambda epoch: kept.append(np.ones(5_000_000))


MEASURED = {"sample_seconds": 0.005}
BAD = {
    "vanishing-gradient": {"network": lambda: plain_network(nn.Sigmoid, 10)},
    "exploding-gradient": {"break_trainer": blow_up_in_third_epoch, "interval": 1},
    "exploding-tensor": {"network": lambda: plain_network(nn.ReLU, 3, scale=300.0), "lr": 1e-4},
    "loss-not-decreasing": {"lr": 1e-7, "epochs": 8},
    "overfitting": {"data": random_labels, "epochs": 12, "interval": 0},
    "overtraining": {"data": random_labels, "epochs": 12, "interval": 0},
    "poor-initialization": {"network": lambda: changed_network(lambda net: net.head.weight.mul_(100)), "epochs": 1},
    "dead-relu": {"network": lambda: changed_network(lambda net: net.features[2][1].bias.fill_(-20))},
    "saturated-activation": {"network": lambda: plain_network(nn.Tanh, 2, scale=200.0), "lr": 1e-5},
    "unchanged-layer": {"break_trainer": without_first_layer},
    "class-imbalance": {"data": lambda: draw((40, 40, 2), seed=1)},
    "learning-rate-too-high": {"lr": 0.5},
    "learning-rate-too-low": {"lr": 1e-7},
    "unnormalized-input": {"spec": lambda: Preprocessing(resize=SIDE, crop=SIDE, mean=(0, 0, 0), std=(1, 1, 1))},
    "low-gpu-utilization": {**MEASURED, "epochs": 6, "rules": {"low-gpu-utilization": {"samples": 8}}},
    "low-cpu-utilization": {
        **MEASURED, "data": lambda: draw((16, 16, 16), seed=1, delay=0.05),
        "rules": {"low-cpu-utilization": {"samples": 8}},
    },
    "data-loading-bound": {
        "data": lambda: draw((16, 16, 16), seed=1, delay=0.03), "rules": {"data-loading-bound": {"seconds": 0.1}},
    },
    "memory-climbing": {
        **MEASURED, "on_epoch": leak, "epochs": 8,
        "rules": {"memory-climbing": {"samples": 16, "steps": 6, "share": 0.03}},
    },
    "small-batch": {
        "network": lambda: plain_network(nn.ReLU, 1, width=512), "interval": 0,
        "data": lambda: draw((8, 8, 8), seed=1, batch_size=2), "rules": {"small-batch": {"seconds": 0.05}},
    },
}  # fmt: skip
MADE = {"network", "data", "spec"}


@pytest.fixture
def own_process_only(monkeypatch):
    """Measure this process alone: other tests keep the machine busy."""
    process = psutil.Process()
    process.cpu_percent()
    monkeypatch.setattr(machine.psutil, "cpu_percent", lambda: process.cpu_percent() / psutil.cpu_count())


def settings(rule):
    made = {name: value() if name in MADE else value for name, value in BAD[rule].items()}
    return made | ({"on_epoch": made["on_epoch"]()} if "on_epoch" in made else {})


@pytest.mark.parametrize("rule", sorted(BAD))
def test_a_bad_run_fires_its_rule(rule, tmp_path, own_process_only, monkeypatch, capsys):
    if rule == "low-gpu-utilization":
        monkeypatch.setattr(machine._Gpu, "sample", lambda _: {"gpu_percent": 12.0})
    findings = train(tmp_path, **settings(rule))
    assert rule in findings, f"only {sorted(findings)} fired"
    out = capsys.readouterr().out
    assert out.count(f"debug:{rule}=1;") == 1


def test_a_layer_whose_weights_are_all_equal_is_named(tmp_path):
    network = changed_network(lambda net: net.features[2][0].weight.fill_(0.01))
    assert train(tmp_path, network=network, epochs=1)["poor-initialization"]["layer"] == "features.2"


def test_a_loss_that_is_not_finite_ends_the_training(tmp_path, capsys):
    network = changed_network(lambda net: net.head.weight.fill_(float("inf")))
    with pytest.raises(TrainingDiverged, match=r"epoch 1, step 1.*lower lr"):
        train(tmp_path, network=network)
    assert "debug:non-finite-loss=1;" in capsys.readouterr().out


def test_every_rule_has_a_bad_run():
    assert {rule.name for rule in RULES} == {*BAD, "non-finite-loss"}


def test_a_good_run_fires_no_rule(tmp_path, monkeypatch):
    monkeypatch.setattr(machine._Gpu, "sample", lambda _: {"gpu_percent": 95.0})
    system = [rule.name for rule in RULES if rule.about == "system"]
    assert train(tmp_path / "close", epochs=8, rules={name: {"action": "off"} for name in system}) == {}
    data = draw((32, 32, 32), seed=1, batch_size=48)
    shares = {"low-cpu-utilization": {"action": "off"}}
    assert train(tmp_path / "far", data=data, epochs=12, interval=25, rules=shares, sample_seconds=0.02) == {}
