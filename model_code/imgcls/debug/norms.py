"""Norms of gradients, weights and updates by part of a network: what the debugging rules watch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from imgcls.contract import records


class NormProbe:
    """Takes the norms of one network's trainable parameters."""

    def __init__(self, network: nn.Module) -> None:
        self._groups = layer_groups(network)

    def around(self, step: Callable[[], object]) -> dict[str, dict[str, float]]:
        """Run the optimizer's `step`. Returns, by `contract.records` name, a norm per layer group."""
        gradients = {
            name: _norm([parameter.grad for parameter in group if parameter.grad is not None])
            for name, group in self._groups.items()
        }
        before = {name: [parameter.detach().clone() for parameter in group] for name, group in self._groups.items()}
        step()
        weights = {name: _norm(group) for name, group in before.items()}
        updates = {
            name: _norm(torch._foreach_sub([p.detach() for p in group], before[name])) / max(weights[name], 1e-12)
            for name, group in self._groups.items()
        }
        return {records.GRADIENT_NORM: gradients, records.WEIGHT_NORM: weights, records.UPDATE_RATIO: updates}


def layer_groups(network: nn.Module) -> dict[str, list[nn.Parameter]]:
    """The trainable parameters by part of the network: `layer1`, `features.3`, `head`."""
    groups: dict[str, list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            parts = name.split(".")[:-1]
            depth = 2 if parts[0] in ("features", "classifier") else 1
            groups.setdefault(".".join(parts[:depth]), []).append(parameter)
    return groups


def _norm(tensors: Sequence[Tensor]) -> float:
    if not tensors:
        return 0.0
    return float(torch.linalg.vector_norm(torch.stack(torch._foreach_norm(list(tensors)))))
