"""The networks: a simple CNN of our own, and torchvision's with the last layer replaced."""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from imgcls.contract.artifact import ArtifactError
from imgcls.networks import weights_file
from imgcls.runtime.torchvision_operators import import_torchvision

NORMS = nn.modules.batchnorm._BatchNorm


class NetworkError(ValueError):
    """Weights or an architecture that cannot be used; the message says what to do."""


class SimpleCNN(nn.Module):
    """Five convolutions with max-pooling between them, then an average and a linear layer: 0.25 million parameters.

    Input: float (N, 3, H, W), H and W at least 32. Output: logits (N, num_classes). Max-pooling instead of longer
    strides keeps thin strokes: with 200 pictures every seed learns, where with strides one in four stayed near chance.
    """

    def __init__(self, num_classes: int, widths: tuple[int, ...] = (16, 32, 64, 128, 128)) -> None:
        super().__init__()
        layers: list[nn.Module] = [_convolution(3, widths[0], stride=2)]
        for before, width in itertools.pairwise(widths):
            layers += [nn.MaxPool2d(2), _convolution(before, width)]
        self.features = nn.Sequential(*layers)
        self.head = nn.Linear(widths[-1], num_classes)

    def forward(self, image: Tensor) -> Tensor:
        logits: Tensor = self.head(self.features(image).mean((2, 3)))
        return logits


def _convolution(channels_in: int, channels_out: int, stride: int = 1) -> nn.Module:
    convolution = nn.Conv2d(channels_in, channels_out, 3, stride, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(channels_out), nn.ReLU(inplace=True))


def build(architecture: str, num_classes: int) -> nn.Module:
    """An untrained network with `num_classes` logits."""
    if architecture == "simple_cnn":
        return SimpleCNN(num_classes)
    # Blocks that start as the identity (Goyal et al. 2017, section 5.1) let a deep network learn from scratch at once.
    # ResNet18 is worse with it: on 210 drawn pictures accuracy fell from 99 to 85 %.
    options = {"zero_init_residual": True} if architecture == "resnet50" else {}
    models = import_torchvision().models
    network: nn.Module = models.get_model(architecture, weights=None, num_classes=num_classes, **options)
    return network


def head(network: nn.Module) -> tuple[str, nn.Linear]:
    """Name and module of the last layer, the one whose size is the number of classes."""
    linear = [(name, module) for name, module in network.named_modules() if isinstance(module, nn.Linear)]
    return linear[-1]


def freeze_backbone(network: nn.Module) -> None:
    """Leave only the last layer trainable. `BatchStatistics` keeps frozen normalisation layers in evaluation mode."""
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    for parameter in head(network)[1].parameters():
        parameter.requires_grad_(True)


def trainable_backbone(network: nn.Module) -> list[nn.Parameter]:
    """The trainable parameters other than the last layer's."""
    last = set(head(network)[1].parameters())
    return [parameter for parameter in network.parameters() if parameter.requires_grad and parameter not in last]


def load_pretrained(network: nn.Module, architecture: str, folder: Path) -> None:
    """Copy torchvision's weights from the weights channel, except the last layer's. Raises NetworkError."""
    weights = _read_weights(architecture, folder)
    last = head(network)[0]
    wanted = {name for name in network.state_dict() if not name.startswith(f"{last}.")}
    _load(network, weights, wanted, f"the pretrained weights are not those of {architecture}")


def load_trained(network: nn.Module, architecture: str, weights: Mapping[str, Tensor]) -> None:
    """Copy weights that were trained elsewhere, including the last layer's. Raises NetworkError."""
    name, linear = head(network)
    last = weights.get(f"{name}.weight")
    if last is not None and last.ndim == 2 and len(last) != linear.out_features:
        raise NetworkError(
            f"the weights are for {len(last)} classes and there are {linear.out_features} labels: "
            "give one label per class, in the order in which the network was trained"
        )
    _load(network, weights, set(network.state_dict()), f"the weights are not those of {architecture}")
    broken = [name for name, tensor in network.state_dict().items() if not tensor.isfinite().all()]
    if broken:
        raise NetworkError(
            f"{broken[0]} contains a value that is not finite: the training diverged, take an earlier epoch"
        )


def _load(network: nn.Module, weights: Mapping[str, Tensor], wanted: set[str], refusal: str) -> None:
    """Copy the `wanted` tensors. Raises NetworkError when one of them is missing, or when any tensor is unknown."""
    expected = network.state_dict()
    # Old torchvision files do not have the counters of batches, and nothing that was learned depends on them.
    counters = {name for name in wanted if name.endswith("num_batches_tracked")}
    wrong = sorted(
        name
        for name in wanted - (counters - set(weights))
        if name not in weights or weights[name].shape != expected[name].shape
    )
    unknown = sorted(set(weights) - set(expected))
    if wrong or unknown:
        raise NetworkError(
            f"{refusal}: tensors missing or of another shape: {len(wrong)}, unknown: {len(unknown)}, "
            f"such as {(wrong + unknown)[0]}"
        )
    network.load_state_dict({**expected, **{name: weights[name] for name in wanted & set(weights)}})


def _read_weights(architecture: str, folder: Path) -> Mapping[str, Tensor]:
    safe = folder / f"{architecture}.safetensors"
    pickled = sorted([*folder.glob(f"{architecture}.pth"), *folder.glob(f"{architecture}-*.pth")])
    if safe.is_file() or pickled:
        return read_weights(safe if safe.is_file() else pickled[0])
    raise NetworkError(
        f"pretrained=true needs {architecture}.safetensors in the weights channel ({folder}): stage it with "
        f"`kennel weights stage {architecture}`, or pass --pretrained false"
    )


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a .safetensors file or of a pickled state_dict, on the CPU.

    A state_dict may be under the key "state_dict" or "model", and its names may begin with "module.", as training
    scripts leave them. No code from the file is run. Raises NetworkError for a file that contains anything else.
    """
    try:
        if path.suffix == ".safetensors":
            return weights_file.load(path)
        found = torch.load(path, map_location="cpu", weights_only=True)
    except ArtifactError as error:
        raise NetworkError(str(error)) from None
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        reason = str(error).split("\n")[0].split(". ")[0]
        raise NetworkError(
            f"{path.name} is not a state_dict that can be read without running its code ({reason}): "
            "save it with torch.save(network.state_dict(), FILE)"
        ) from error
    for key in ("state_dict", "model"):
        if isinstance(found, Mapping) and isinstance(found.get(key), Mapping):
            found = found[key]
    if not isinstance(found, Mapping) or not all(isinstance(value, Tensor) for value in found.values()) or not found:
        raise NetworkError(
            f"{path.name} does not contain a state_dict: save one with torch.save(network.state_dict(), FILE)"
        )
    if all(name.startswith("module.") for name in found):
        found = {name.removeprefix("module."): tensor for name, tensor in found.items()}
    return dict(found)
