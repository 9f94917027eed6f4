"""Training's evaluation path, evaluate.py and the server see the same pixels of every kind of image."""

from __future__ import annotations

import base64
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imgcls.contract.artifact import ModelCard, Preprocessing
from imgcls.data.folders import ImageFolder, open_dataset
from imgcls.data.loader import Loader
from imgcls.evaluation import served_graph
from imgcls.images.cost import MAX_PIXELS
from imgcls.serving.model import Model

CODE = Path(__file__).parents[2] / "model_code"
SPEC = Preprocessing(resize=72, crop=64)
MODES = {
    "JPEG": ("RGB", "L", "CMYK"),
    "PNG": ("RGB", "L", "1", "P", "LA", "RGBA", "I;16"),
    "WEBP": ("RGB", "RGBA"),
    "GIF": ("P", "L"),
    "BMP": ("RGB", "L", "1"),
    "TIFF": ("RGB", "L", "CMYK", "RGBA", "I;16"),
    "AVIF": ("RGB", "RGBA"),
}


def _encoded(fmt: str, mode: str, orientation: int) -> bytes:
    y, x = np.mgrid[0:150, 0:210]
    pixels = np.stack([x, y, (x * y) // 90], -1).clip(0, 255).astype(np.uint8)
    image = Image.fromarray(pixels)
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    elif mode in ("RGBA", "LA"):
        image.putalpha(Image.fromarray(255 - pixels[..., 0]))
        image = image.convert(mode)
    else:
        image = image.convert(mode)
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    image.save(file, fmt, **({"exif": exif} if fmt in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF") else {}))
    return file.getvalue()


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> ImageFolder:
    """Every format and colour mode, upright and with all EXIF orientations where the format has them."""
    folder = tmp_path_factory.mktemp("parity")
    (folder / "other").mkdir()
    (folder / "kinds").mkdir()
    for fmt, modes in MODES.items():
        for mode in modes:
            for orientation in range(1, 9) if fmt not in ("GIF", "BMP") else (1,):
                name = f"{fmt}-{mode.replace(';', '')}-{orientation}.{fmt.lower()}"
                (folder / "kinds" / name).write_bytes(_encoded(fmt, mode, orientation))
    # A photograph large enough for the decoders to shrink it while they decode.
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (900, 700, 3), np.uint8)).save(folder / "other/a.jpg")
    # What phones make: 27 megapixels that stand on their side.
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.linear_gradient("L").resize((6000, 4500)).convert("RGB").save(folder / "other/b.jpg", exif=exif)
    return open_dataset(folder)


class Camera:
    """An engine that records its input and answers with equal logits."""

    def __init__(self) -> None:
        self.seen: list[np.ndarray] = []

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        self.seen += list(pixels)
        return np.zeros((len(pixels), 2), np.float32)


@pytest.fixture(scope="module")
def trained(split: ImageFolder) -> np.ndarray:
    """The pixels in training's evaluation pass."""
    return np.concatenate([batch.images.copy() for batch in Loader(split, SPEC, 16).epoch(1)])


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, ...]]:
    """(inference.py, the engine of its model)"""
    monkeypatch.syspath_prepend(str(CODE))
    import inference

    camera = Camera()
    model = Model(ModelCard("parity", "simple_cnn", ("kinds", "other"), SPEC), camera, MAX_PIXELS)
    monkeypatch.setattr(inference, "model_fn", lambda folder, context=None: model)
    monkeypatch.setattr(served_graph, "num_cores", lambda: 1)
    yield inference, camera
    sys.modules.pop("inference", None)


def test_evaluation_sees_what_training_saw(split: ImageFolder, trained: np.ndarray, programs: tuple[Any, ...]) -> None:
    inference, camera = programs
    served_graph.Scorer(inference).probabilities(Path("unused"), split)
    assert len(camera.seen) == len(trained) >= 110
    for index, pixels in enumerate(camera.seen):
        assert (pixels == trained[index]).all(), split.name(index)


@pytest.mark.parametrize("as_batch", [False, True])
def test_the_server_sees_what_training_saw(
    split: ImageFolder, trained: np.ndarray, programs: tuple[Any, ...], as_batch: bool
) -> None:
    inference, camera = programs
    for index in range(len(split)):
        body, kind = split.read(index), "application/x-image"
        if as_batch:
            instance = {"b64": base64.b64encode(body).decode()}
            body, kind = json.dumps({"instances": [instance]}).encode(), "application/json"
        inference.predict_fn(inference.input_fn(body, kind), inference.model_fn("unused"))
        assert (camera.seen[index] == trained[index]).all(), split.name(index)


def test_the_kinds_are_different_images(split: ImageFolder, trained: np.ndarray) -> None:
    """A test of the tests: if all arrays were alike, the others would not prove anything."""
    upright, turned = (next(i for i in range(len(split)) if f"JPEG-RGB-{n}" in split.name(i)) for n in (1, 6))
    assert (trained[upright] != trained[turned]).mean() > 0.5
