"""Split a network into the backbone, whose output can be cached, and the head, which is trained on that output."""

from __future__ import annotations

import copy
import hashlib

import torch
from torch import nn

from imgcls.networks import architectures


def split(network: nn.Module) -> tuple[nn.Module, nn.Sequential]:
    """(backbone, head): `head(backbone(images))` is `network(images)`.

    The head contains the network's own last layer, so training it trains the network; a dropout just before that layer
    (torchvision's MobileNets have one) is part of the head, because it is random in every batch. The backbone is a
    frozen copy in evaluation mode with output (N, features); the head also takes (N, features, 1, 1).
    """
    name, linear = architectures.head(network)
    tail: dict[str, nn.Module] = {name: linear}
    parent, _, own = name.rpartition(".")
    siblings = list(network.get_submodule(parent).named_children()) if parent else []
    position = next((i for i, (sibling, _) in enumerate(siblings) if sibling == own), 0)
    if position and isinstance(siblings[position - 1][1], nn.Dropout):
        before, dropout = siblings[position - 1]
        tail = {f"{parent}.{before}": dropout, **tail}
    backbone = copy.deepcopy(network)
    for part in tail:
        backbone.set_submodule(part, nn.Identity())
    return backbone.eval().requires_grad_(False), nn.Sequential(nn.Flatten(), *tail.values())


def fingerprint(backbone: nn.Module) -> str:
    """SHA-256 over the names and bytes of all weights and statistics."""
    digest = hashlib.sha256()
    for name, tensor in sorted(backbone.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
