"""Import torchvision beside a torch build for which its compiled operators do not load.

torchvision has no CPU build for Linux on PyPI: its C++ library needs CUDA's, and without the library `import
torchvision` stops at a fake kernel for `torchvision::nms`. Networks and transforms need none of these operators, so
declaring the two schemas is enough; calling them still fails.
"""

from __future__ import annotations

import importlib
from types import ModuleType

import torch

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_declared: list[torch.library.Library] = []
"""A library's schemas live as long as the object."""


def import_torchvision() -> ModuleType:
    """The torchvision module, its missing operators declared where they did not load."""
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if _declared or "torchvision::nms" not in str(error):
            raise
    library = torch.library.Library("torchvision", "DEF")
    for schema in _SCHEMAS:
        library.define(schema)
    _declared.append(library)
    return importlib.import_module("torchvision")
