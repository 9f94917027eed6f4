"""What the tuning rows search on: drawn photographs in class folders, and a ResNet18 whose features cost the usual."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

from imgcls.contract.artifact import Preprocessing
from imgcls.data.folders import ImageFolder, open_dataset
from imgcls.images.preprocess import preprocess
from imgcls.networks import architectures
from samples import draw

FOLDER = Path("out/bench/tuning")
ARCHITECTURE = "resnet18"
CLASSES, PER_CLASS = 12, 40
SIDE = 480
"""About the pixels of public breed data sets: decoding is a part of every epoch without kept features."""
_MEASURED_IMAGES = 64


def splits() -> tuple[ImageFolder, ImageFolder]:
    """(train, validation), drawn once: delete the folder to draw anew."""
    if not FOLDER.exists():
        draw(FOLDER, classes=CLASSES, per_class=PER_CLASS, size=(SIDE, SIDE), workers=1)
    return open_dataset(FOLDER / "train"), open_dataset(FOLDER / "valid")


def backbone_network(split: ImageFolder, spec: Preprocessing) -> nn.Module:
    """Random filters, their normalisation measured on the pictures: without a download, and good enough to tell them
    apart. What the features are does not change what they cost.
    """
    torch.manual_seed(1)
    network = architectures.build(ARCHITECTURE, len(split.labels))
    for module in network.modules():
        if isinstance(module, architectures.NORMS):
            module.momentum = None
    chosen = np.linspace(0, len(split) - 1, _MEASURED_IMAGES).astype(int)
    pixels = np.stack([preprocess(split.read(int(index)), spec) for index in chosen])
    mean, std = (255 * torch.tensor(values).view(1, 3, 1, 1) for values in (spec.mean, spec.std))
    network.train()
    with torch.no_grad():
        network((torch.from_numpy(pixels).permute(0, 3, 1, 2).float() - mean) / std)
    architectures.freeze_backbone(network.eval())
    return network
