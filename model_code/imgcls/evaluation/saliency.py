"""Where a network looks: Grad-CAM (Selvaraju et al. 2017) on its last feature map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from imgcls.contract.artifact import Preprocessing

_MIN_PLACES = 4
"""Along each side: a coarser map shows nothing."""


def grad_cam(network: nn.Module, pixels: np.ndarray, spec: Preprocessing, classes: Sequence[int]) -> np.ndarray:
    """How much each pixel supports a class: float (N, H, W) in 0..1, in the images' size.

    `pixels` is uint8 (N, H, W, 3), preprocessed; `classes` has one class index per image; `network` is in evaluation
    mode and its parameters stay as they are.
    """
    mean, std = (255 * torch.tensor(values).view(1, 3, 1, 1) for values in (spec.mean, spec.std))
    images = (torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float() - mean) / std
    with torch.enable_grad():
        features, logits = _last_feature_map(network, images.requires_grad_())
        chosen = logits[torch.arange(len(classes)), torch.as_tensor(classes)].sum()
        (gradient,) = torch.autograd.grad(chosen, features)
    weights = gradient.mean((2, 3), keepdim=True)
    maps = (weights * features).sum(1, keepdim=True).clamp(min=0).detach()
    maps = nn.functional.interpolate(maps, pixels.shape[1:3], mode="bilinear", align_corners=False)[:, 0]
    return (maps / maps.amax((1, 2), keepdim=True).clamp(min=1e-12)).numpy()


def _last_feature_map(network: nn.Module, images: Tensor) -> tuple[Tensor, Tensor]:
    """(the last output with at least `_MIN_PLACES` along each side, the logits). Works for any architecture."""
    maps: list[Tensor] = []

    def keep(module: nn.Module, inputs: object, output: object) -> None:
        if isinstance(output, Tensor) and output.ndim == 4 and min(output.shape[2:]) >= _MIN_PLACES:
            maps[:] = [output]

    hooks = [module.register_forward_hook(keep) for module in network.modules()]
    try:
        logits = network(images)
    finally:
        for hook in hooks:
            hook.remove()
    return maps[0], logits
