"""Networks: every architecture has one logit per class; pretrained weights load strictly."""

import os

import pytest
import torch
from safetensors.torch import save_file

from imgcls.contract.artifact import ARCHITECTURES
from imgcls.networks import architectures


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_has_one_logit_per_class(architecture):
    network = architectures.build(architecture, 5).eval()
    with torch.no_grad():
        assert network(torch.zeros(2, 3, 64, 64)).shape == (2, 5)
    assert architectures.head(network)[1].out_features == 5


def test_a_frozen_backbone_leaves_the_last_layer():
    network = architectures.build("mobilenet_v3_small", 3)
    architectures.freeze_backbone(network)
    trainable = {name for name, parameter in network.named_parameters() if parameter.requires_grad}
    assert trainable == {"classifier.3.weight", "classifier.3.bias"}


@pytest.mark.parametrize("suffix", ["resnet18.safetensors", "resnet18.pth", "resnet18-f37072fd.pth"])
def test_pretrained_weights_are_loaded_into_all_but_the_last_layer(tmp_path, suffix):
    torch.manual_seed(1)
    source = architectures.build("resnet18", 1000).state_dict()
    (save_file if suffix.endswith("safetensors") else torch.save)(source, tmp_path / suffix)
    network = architectures.build("resnet18", 3)
    before = network.fc.weight.detach().clone()
    architectures.load_pretrained(network, "resnet18", tmp_path)
    loaded = network.state_dict()
    assert all(torch.equal(loaded[name], source[name]) for name in source if not name.startswith("fc."))
    assert torch.equal(network.fc.weight, before)


def test_weights_that_do_not_fit_are_refused(tmp_path):
    source = architectures.build("resnet18", 1000).state_dict()
    del source["layer3.0.conv1.weight"]
    source["stranger"] = torch.zeros(1)
    save_file(source, tmp_path / "resnet18.safetensors")
    with pytest.raises(
        architectures.NetworkError,
        match=r"shape: 1, unknown: 1, .*layer3\.0\.conv1\.weight",
    ):
        architectures.load_pretrained(architectures.build("resnet18", 3), "resnet18", tmp_path)


def test_without_weights_the_error_says_what_to_do(tmp_path):
    with pytest.raises(architectures.NetworkError, match=r"kennel weights stage resnet50.*--pretrained false"):
        architectures.load_pretrained(architectures.build("resnet50", 3), "resnet50", tmp_path)


def test_pickled_code_in_weights_does_not_run(tmp_path):
    class Attack:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "owned"),)

    torch.save({"x": Attack()}, tmp_path / "resnet18.pth")
    with pytest.raises(
        architectures.NetworkError, match=r"resnet18\.pth is not a state_dict that can be read without running"
    ):
        architectures.load_pretrained(architectures.build("resnet18", 3), "resnet18", tmp_path)
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("wrapped", ["plain", "state_dict", "model", "module", "safetensors"])
def test_weights_trained_elsewhere_are_read_as_scripts_leave_them(tmp_path, wrapped):
    source = architectures.build("simple_cnn", 3).state_dict()
    path = tmp_path / f"weights.{'safetensors' if wrapped == 'safetensors' else 'pth'}"
    if wrapped == "safetensors":
        save_file(source, path)
    else:
        named = {f"module.{name}": tensor for name, tensor in source.items()} if wrapped == "module" else source
        torch.save({wrapped: named, "epoch": 3} if wrapped in ("state_dict", "model") else named, path)
    network = architectures.build("simple_cnn", 3)
    architectures.load_trained(network, "simple_cnn", architectures.read_weights(path))
    assert all(torch.equal(tensor, source[name]) for name, tensor in network.state_dict().items())


@pytest.mark.parametrize("content", [b"", b"not a pickle", [1, 2], {"a": "text"}, {}])
def test_a_file_without_weights_is_refused(tmp_path, content):
    path = tmp_path / "weights.pth"
    path.write_bytes(content) if isinstance(content, bytes) else torch.save(content, path)
    with pytest.raises(
        architectures.NetworkError, match=r"save (it|one) with torch\.save\(network\.state_dict\(\), FILE\)"
    ):
        architectures.read_weights(path)


def test_weights_for_other_classes_or_another_network_are_refused():
    weights = architectures.build("resnet18", 5).state_dict()
    with pytest.raises(architectures.NetworkError, match="the weights are for 5 classes and there are 3 labels"):
        architectures.load_trained(architectures.build("resnet18", 3), "resnet18", weights)
    with pytest.raises(architectures.NetworkError, match=r"the weights are not those of resnet50: .* such as"):
        architectures.load_trained(architectures.build("resnet50", 5), "resnet50", weights)
