"""Sampling a step: layer groups, statistics, hooks, compiled networks, frozen layers."""

from collections import deque

import numpy as np
import pytest
import torch
from torch import nn

from imgcls.contract import records
from imgcls.contract.debugging import DebugSettings
from imgcls.debug.activations import ActivationProbe
from imgcls.debug.history import History, Sample
from imgcls.debug.parameters import read, statistics_around, trainable_groups
from imgcls.debug.rules import make_checks
from imgcls.debug.sampler import StepSampler
from imgcls.networks import architectures


def hooks(network):
    return sum(len(module._forward_hooks) for module in network.modules())


def backward(network, images, targets):
    nn.functional.cross_entropy(network(images), targets).backward()


def test_layer_groups_are_the_parts_of_a_network():
    assert list(trainable_groups(architectures.build("resnet18", 2))) == [
        "conv1", "bn1", "layer1", "layer2", "layer3", "layer4", "fc",
    ]  # fmt: skip
    assert "features.3" in trainable_groups(architectures.build("mobilenet_v3_small", 2))


def test_statistics_are_of_the_weights_before_the_step():
    network = nn.Sequential(nn.Linear(2, 2, bias=False))
    with torch.no_grad():
        network[0].weight.copy_(torch.tensor([[3.0, 0.0], [0.0, 4.0]]))
    network[0].weight.grad = torch.full((2, 2), 0.5)

    def step():
        with torch.no_grad():
            network[0].weight.add_(0.25)
            network[0].weight.grad.zero_()

    statistics = statistics_around(network, step)
    assert statistics[records.WEIGHT_NORM] == {"0": 5.0} and statistics[records.GRADIENT_NORM] == {"0": 1.0}
    assert statistics[records.GRADIENT_RATIO] == {"0": pytest.approx(0.2)}
    assert statistics[records.UPDATE_RATIO] == {"0": pytest.approx(0.5 / 5)}
    assert statistics[records.WEIGHT_STD] == {"0": pytest.approx(np.std([3, 0, 0, 4]))}


def test_activations_are_counted_by_value_and_by_channel():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.relu, self.gate = nn.ReLU(), nn.Sigmoid()

        def forward(self, images):
            return self.gate(100 * self.relu(images))

    network = Two()
    images = torch.ones(4, 4, 4, 4)
    images[:, 0] = -1
    images[:, 1, :2] = -1
    probe = ActivationProbe(network)
    probe.attach()
    network(images.requires_grad_())
    statistics = read(probe.detach())
    assert statistics[records.ZERO_FRACTION] == {"relu": pytest.approx(0.375)}
    assert statistics[records.DEAD_FRACTION] == {"relu": pytest.approx(0.25)}
    assert statistics[records.ACTIVATION_MEAN]["relu"] == pytest.approx(0.625)
    assert statistics[records.SATURATED_FRACTION] == {"gate": pytest.approx(0.625)}
    assert hooks(network) == 0


def test_channels_squeezed_to_one_value_are_not_called_dead():
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.ReLU())
    probe = ActivationProbe(network)
    probe.attach()
    network((torch.ones(32, 4, 8, 8) * torch.tensor([1.0, -1, -1, -1]).view(1, 4, 1, 1)).requires_grad_())
    assert records.DEAD_FRACTION not in probe.detach()


def test_hooks_exist_on_sampled_steps_only():
    network = architectures.build("simple_cnn", 2)
    sampler = StepSampler(network)
    assert hooks(network) == 0
    sampler.start()
    assert hooks(network) == 5 and sampler.is_on
    images, targets = torch.randn(4, 3, 32, 32), torch.tensor([0, 1, 1, 1])
    for part in range(2):  # an accumulated batch of two parts
        sampler.batch(images[2 * part : 2 * part + 2], targets[2 * part : 2 * part + 2])
        backward(network, images[2 * part : 2 * part + 2], targets[2 * part : 2 * part + 2])
        sampler.losses.append(float(part))
    statistics, labels = sampler.finish(lambda: None, 0.1)
    assert hooks(network) == 0 and not sampler.is_on
    assert labels == {0: 1, 1: 3}
    assert statistics[records.LOSS] == {records.NETWORK: 0.5}
    assert set(statistics[records.UPDATE_RATIO].values()) == {0.0}


def test_a_frozen_backbone_is_not_sampled():
    network = architectures.build("simple_cnn", 2)
    architectures.freeze_backbone(network)
    sampler = StepSampler(network)
    sampler.start()
    images, targets = torch.randn(4, 3, 32, 32), torch.tensor([0, 1, 1, 1])
    sampler.batch(images, targets)
    backward(network, images, targets)
    statistics, _ = sampler.finish(lambda: None, 0.1)
    assert set(statistics[records.GRADIENT_NORM]) == {"head"}
    assert records.ACTIVATION_MEAN not in statistics


def test_the_activations_of_a_compiled_network_are_sampled():
    """It is not compiled again, neither for the sampled step nor after it."""
    graphs = []

    def backend(graph, _):
        graphs.append(graph)
        return graph.forward

    network = architectures.build("simple_cnn", 2)
    compiled = torch.compile(network, backend=backend)
    images, targets = torch.randn(4, 3, 32, 32), torch.tensor([0, 1, 1, 1])
    backward(compiled, images, targets)
    sampler = StepSampler(network)
    sampler.start()
    sampler.batch(images, targets)
    backward(compiled, images, targets)
    statistics, _ = sampler.finish(lambda: None, 0.1)
    assert len(statistics[records.ACTIVATION_MEAN]) == 5
    backward(compiled, images, targets)
    assert len(graphs) == 1


def test_cached_features_are_not_judged_as_images():
    """They are never negative and are not normalised."""
    network = nn.Sequential(nn.Linear(4, 2))
    sampler = StepSampler(network)
    sampler.start()
    features, targets = torch.rand(4, 4), torch.tensor([0, 1, 1, 1])
    sampler.batch(features, targets)
    backward(network, features, targets)
    statistics, labels = sampler.finish(lambda: None, 0.1)
    assert records.INPUT_MEAN not in statistics and labels == {0: 1, 1: 3}
    history = History(num_classes=2, samples=deque([Sample(1, 0.7, 0.1, statistics)]))
    assert [check.name for check in make_checks(DebugSettings().rules) if check.check(history)] == []


def test_a_layer_that_the_loss_does_not_depend_on_has_no_gradient():
    network = nn.ModuleDict({"used": nn.Linear(4, 2), "forgotten": nn.Linear(4, 2)})
    network["used"](torch.rand(3, 4)).sum().backward()
    statistics = statistics_around(network, lambda: None)
    assert statistics[records.GRADIENT_NORM]["forgotten"] == 0.0 < statistics[records.GRADIENT_NORM]["used"]
