"""Statistics of weights, gradients and updates by layer group."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from imgcls.contract import records
from imgcls.debug.history import Statistics


def layer_group(path: str) -> str:
    """The part of the network that has a module: `layer1.0.conv2` -> `layer1`, `features.3.1` -> `features.3`."""
    parts = path.split(".")
    return ".".join(parts[: 2 if parts[0] in ("features", "classifier") else 1])


def trainable_groups(network: nn.Module) -> dict[str, list[nn.Parameter]]:
    """The trainable parameters by layer group, in the network's order."""
    groups: dict[str, list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            groups.setdefault(layer_group(name.rpartition(".")[0]), []).append(parameter)
    return groups


def statistics_around(network: nn.Module, step: Callable[[], object]) -> Statistics:
    """Run the optimizer's `step`. Returns the statistics of weights in `contract.records`, one per layer group."""
    parameters = trainable_groups(network)
    gradients = {name: _gradient_norm(group) for name, group in parameters.items()}
    groups = {name: [parameter.detach() for parameter in group] for name, group in parameters.items()}
    before = {name: torch._foreach_add(group, 0.0) for name, group in groups.items()}
    step()
    updates = {name: _norm(torch._foreach_sub(group, before[name])) for name, group in groups.items()}
    weights = {name: _norm(group) for name, group in before.items()}
    kernels = {name: [weight for weight in group if weight.ndim > 1] for name, group in before.items()}
    stds = {name: _smallest_std(group) for name, group in kernels.items() if group}
    found = read(
        {
            records.GRADIENT_NORM: gradients,
            records.WEIGHT_NORM: weights,
            records.WEIGHT_STD: stds,
            records.UPDATE_RATIO: updates,
        }
    )
    norms = found[records.WEIGHT_NORM]
    found[records.GRADIENT_RATIO] = _relative(found[records.GRADIENT_NORM], norms)
    found[records.UPDATE_RATIO] = _relative(found[records.UPDATE_RATIO], norms)
    return found


def read(tensors: Mapping[str, Mapping[str, Tensor]]) -> Statistics:
    """The values of scalars on one device, copied at once so that the device is waited for only once."""
    scalars = [scalar for layers in tensors.values() for scalar in layers.values()]
    values = iter(torch.stack(scalars).tolist() if scalars else [])
    return {name: {layer: next(values) for layer in layers} for name, layers in tensors.items()}


def _gradient_norm(parameters: Sequence[nn.Parameter]) -> Tensor:
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    return _norm(gradients) if gradients else parameters[0].new_zeros(())


def _norm(tensors: Sequence[Tensor]) -> Tensor:
    norms = torch.stack(torch._foreach_norm(list(tensors)))
    total: Tensor = torch.linalg.vector_norm(norms)
    return total


def _smallest_std(tensors: Sequence[Tensor]) -> Tensor:
    return torch.stack([tensor.std(correction=0) for tensor in tensors]).min()


def _relative(values: Mapping[str, float], norms: Mapping[str, float]) -> dict[str, float]:
    return {name: value / max(norms[name], 1e-12) for name, value in values.items()}
