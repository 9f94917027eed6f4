"""What the serving rows ask about: drawn photographs of camera size, and one ResNet18 that tells them apart."""

from __future__ import annotations

import io
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from imgcls.artifacts.archives import write_artifact
from imgcls.artifacts.export import export_onnx
from imgcls.artifacts.quantization import quantize
from imgcls.contract.artifact import GRAPH, GRAPH_INT8, ModelCard, Preprocessing, read_card
from imgcls.images.preprocess import preprocess
from imgcls.networks.architectures import build, head
from samples import draw

SIZE, QUALITY, NOISE = (640, 480), 88, 9.0
"""0.31 megapixels and about 90 KB, as the photographs of public breed data sets."""
CLASSES, PER_CLASS = 8, 16
PRECISIONS = ("fp32", "bf16", "int8")


@dataclass(frozen=True)
class Fixture:
    """`images` are JPEGs, `folders` artifacts by precision, `weights` a torch state dict of the same network."""

    images: tuple[bytes, ...]
    folders: dict[str, Path]
    weights: Path


def prepare(root: Path) -> Fixture:
    """Built once per folder: delete it to build anew."""
    folders = {precision: root / "models" / precision for precision in PRECISIONS}
    fixture = Fixture(photographs(root), folders, root / "models" / "weights.pt")
    if not all((folder / "model.json").exists() for folder in folders.values()):
        shutil.rmtree(root / "models", ignore_errors=True)
        _build(fixture)
    return fixture


def photographs(root: Path) -> tuple[bytes, ...]:
    """One class after the other in turn: image i is of class i % CLASSES."""
    folder = root / "images"
    if not folder.exists():
        draw(folder, classes=CLASSES, per_class=PER_CLASS, size=(SIZE[1], SIZE[1]), workers=1)
    paths = sorted(folder.rglob("*.jpg"), key=lambda path: (path.stem.rpartition("_")[2], path.parent.name))
    return tuple(_photograph(path, seed) for seed, path in enumerate(paths))


def _photograph(path: Path, seed: int) -> bytes:
    """A drawing at camera size with a camera's noise: drawings alone compress far better than photographs."""
    pixels = np.asarray(Image.open(path).convert("RGB").resize(SIZE), np.float32)
    noisy = pixels + np.random.default_rng(seed).normal(0, NOISE, pixels.shape)
    file = io.BytesIO()
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def _build(fixture: Fixture) -> None:
    """Random features, measured batch statistics, a least-squares head: and it is sure of itself."""
    torch.manual_seed(1)
    spec = Preprocessing()
    network = build("resnet18", CLASSES)
    pixels = [preprocess(image, spec) for image in fixture.images]
    targets = torch.arange(len(pixels)) % CLASSES
    _fit(network, _normalised(pixels, spec), targets)
    card = ModelCard("resnet18", "resnet18", tuple(f"breed {i}" for i in range(CLASSES)), spec)
    for precision, folder in fixture.folders.items():
        folder.mkdir(parents=True)
        export_onnx(network, spec, folder / GRAPH)
        if precision == "int8":
            quantize(folder / GRAPH, folder / GRAPH_INT8, pixels)
        write_artifact(folder, replace(card, precision=precision))
        assert read_card(folder).precision == precision
    torch.save(network.state_dict(), fixture.weights)


def _normalised(pixels: Sequence[np.ndarray], spec: Preprocessing) -> torch.Tensor:
    image = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).float() / 255
    return (image - torch.tensor(spec.mean).view(1, 3, 1, 1)) / torch.tensor(spec.std).view(1, 3, 1, 1)


def _fit(network: torch.nn.Module, images: torch.Tensor, targets: torch.Tensor) -> None:
    name, linear = head(network)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None
    setattr(network, name, torch.nn.Identity())
    with torch.no_grad():
        network.train()
        for batch in torch.split(images, 32):
            network(batch)
        network.eval()
        features = torch.cat([network(batch) for batch in torch.split(images, 32)]).double()
        wanted = 10 * torch.nn.functional.one_hot(targets, CLASSES).double()
        centre = features.mean(0)
        centred = features - centre
        ridge = 1e-3 * centred.square().sum() / len(images) * torch.eye(features.shape[1], dtype=torch.double)
        weight = torch.linalg.solve(centred.T @ centred + ridge, centred.T @ wanted)
        linear.weight.copy_(weight.T)
        linear.bias.copy_(wanted.mean(0) - centre @ weight)
    setattr(network, name, linear)
