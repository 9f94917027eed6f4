"""Import torchvision next to a torch build for which torchvision's compiled operators do not load.

torchvision has no CPU build for Linux on PyPI: its C++ library needs CUDA's, and without the library `import
torchvision` fails at a fake kernel for `torchvision::nms`. Networks and transforms need none of these operators, so
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
"""A library's schemas exist only as long as the object."""


def import_torchvision() -> ModuleType:
    """The torchvision module; operators that did not load are declared."""
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if _declared or "torchvision::nms" not in str(error):
            raise
    library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for schema in _SCHEMAS:
        library.define(schema)  # type: ignore[no-untyped-call]
    _declared.append(library)
    return importlib.import_module("torchvision")
