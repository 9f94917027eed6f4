"""Statistics of activations, taken by hooks that exist on sampled steps only."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from imgcls.contract import records
from imgcls.debug.parameters import layer_group

_RELU_LIKE: tuple[type[nn.Module], ...] = (nn.ReLU, nn.ReLU6, nn.Hardswish)
"""Activations whose output and gradient are exactly zero for a range of inputs."""
_BOUNDED: dict[type[nn.Module], tuple[float, float]] = {
    nn.Sigmoid: (0.0, 1.0), nn.Hardsigmoid: (0.0, 1.0), nn.Tanh: (-1.0, 1.0), nn.Softsign: (-1.0, 1.0),
}  # fmt: skip
_LIMIT_SHARE = 0.005
"""An activation this close to a limit, as a share of its range, passes almost no gradient."""
_VALUES = 512
"""This many values per channel are enough; of large activations only some images are examined."""
_MIN_VALUES = 16
"""With fewer values a channel can be all zero by chance."""


class ActivationProbe:
    """Watches the outputs of activation modules from `attach` to `detach`."""

    def __init__(self, network: nn.Module) -> None:
        watched = (*_RELU_LIKE, *_BOUNDED)
        self._modules = [
            (layer_group(name), module) for name, module in network.named_modules() if isinstance(module, watched)
        ]
        self._handles: list[RemovableHandle] = []
        self._taken: dict[str, dict[str, Tensor]] = {}

    def attach(self) -> None:
        self._taken = {}
        self._handles = [module.register_forward_hook(self._hook(group)) for group, module in self._modules]

    def detach(self) -> Mapping[str, Mapping[str, Tensor]]:
        """The statistics since `attach`: name in `contract.records` -> layer group -> scalar on the device."""
        for handle in self._handles:
            handle.remove()
        self._handles = []
        return self._taken

    def _hook(self, group: str) -> Callable[[nn.Module, object, Tensor], None]:
        def take(module: nn.Module, _: object, output: Tensor) -> None:
            # A frozen part of the network does not change, and training cannot repair it.
            if output.requires_grad:
                for name, value in _statistics(module, output.detach()).items():
                    self._keep(name, group, value)

        return take

    def _keep(self, name: str, group: str, value: Tensor) -> None:
        """Keep the group's largest share or deviation, and of means that of the group's last layer."""
        layers = self._taken.setdefault(name, {})
        if group in layers and name != records.ACTIVATION_MEAN:
            value = torch.maximum(layers[group], value)
        layers[group] = value


def _statistics(module: nn.Module, output: Tensor) -> dict[str, Tensor]:
    """`output` is (N, C, ...)."""
    area = output[0, 0].numel()
    output = output[: max(2, _VALUES // area)].float()
    variance, mean = torch.var_mean(output, correction=0)
    found = {records.ACTIVATION_MEAN: mean, records.ACTIVATION_STD: variance.sqrt()}
    if isinstance(module, _RELU_LIKE):
        nonzero = torch.count_nonzero(output, dim=[0, *range(2, output.ndim)])
        found[records.ZERO_FRACTION] = 1 - nonzero.sum() / output.numel()
        # In 1 x 1 maps (squeeze-and-excitation) images differ so little that half of the channels are zero for all.
        squeezed = output.ndim > 2 and area == 1
        if len(output) * area >= _MIN_VALUES and not squeezed:
            found[records.DEAD_FRACTION] = (nonzero == 0).float().mean()
    else:
        low, high = _BOUNDED[type(module)]
        near = _LIMIT_SHARE * (high - low)
        found[records.SATURATED_FRACTION] = ((output <= low + near) | (output >= high - near)).float().mean()
    return found
