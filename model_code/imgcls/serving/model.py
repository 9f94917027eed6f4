"""A loaded model, its input images and its predictions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Protocol

import numpy as np

from imgcls.contract.artifact import ArtifactError, ModelCard
from imgcls.images.preprocess import TOO_MANY_PIXELS, ImageError, preprocess
from imgcls.serving.errors import RequestError


class Engine(Protocol):
    """Runs the network: uint8 pixels (num, crop, crop, 3) -> float32 logits (num, classes). Thread-safe."""

    def __call__(self, pixels: np.ndarray) -> np.ndarray: ...


@dataclass(frozen=True)
class Images:
    """Encoded images of one request. `is_batch`: they came as JSON instances, so the answer is a list.

    `first` is the index of the first image in the request, for messages.
    """

    encoded: tuple[bytes, ...]
    is_batch: bool = False
    first: int = 0


@dataclass(frozen=True)
class Prediction:
    """`probabilities`: float64 (num, classes), rows sum to 1. `energy`: float64 (num,), lower is more familiar.

    Times are sums over the images, in seconds.
    """

    card: ModelCard
    probabilities: np.ndarray
    energy: np.ndarray
    is_batch: bool
    decode_seconds: float
    infer_seconds: float


@dataclass(frozen=True)
class Model:
    """A card, the engine that runs its graph, and the limit on an image's declared pixels.

    `run_bytes` is the memory of the tensors of as many images as are computed at once. `retire` is called after the
    model was unloaded and its last request ended, before its memory is freed.
    """

    card: ModelCard
    engine: Engine
    max_pixels: int
    retire: Callable[[], None] = lambda: None
    run_bytes: int = 0

    def check(self) -> None:
        """Answer a fixed image. Raises ArtifactError for an answer of another shape, or of what is not finite."""
        side, wanted = self.card.preprocessing.crop, (1, len(self.card.labels))
        try:
            logits = self.engine(_test_image(side))
        except RuntimeError as error:
            raise ArtifactError(f"the model cannot answer: {str(error).strip().splitlines()[-1]}") from error
        if logits.shape != wanted:
            raise ArtifactError(f"the model answers with the shape {logits.shape} and not {wanted}")
        if not _is_finite(*softmax(logits.astype(np.float64), self.card.temperature)):
            raise ArtifactError("the model answers with what is not finite: its weights are broken")

    def predict(self, images: Images) -> Prediction:
        """Raises RequestError naming an image that cannot be decoded, or 500 for an answer that is not finite."""
        start = perf_counter()
        pixels = np.stack([self._pixels(images, index) for index in range(len(images.encoded))])
        decoded = perf_counter()
        logits = self.engine(pixels).astype(np.float64)
        probabilities, energy = softmax(logits, self.card.temperature)
        if not _is_finite(probabilities, energy):
            raise RequestError(500, "not_finite", f"model {self.card.name[:80]!r} has no finite answer for this image")
        return Prediction(self.card, probabilities, energy, images.is_batch, decoded - start, perf_counter() - decoded)

    def _pixels(self, images: Images, index: int) -> np.ndarray:
        try:
            return preprocess(images.encoded[index], self.card.preprocessing, self.max_pixels)
        except ImageError as error:
            status = 413 if error.code == TOO_MANY_PIXELS else 400
            where = f"instance {images.first + index}: " if images.is_batch else ""
            raise RequestError(status, error.code, where + error.sentence) from error


def _test_image(side: int) -> np.ndarray:
    """uint8 (1, side, side, 3) with every value, in another order for each colour."""
    values = np.arange(side * side * 3, dtype=np.uint32).reshape(1, side, side, 3)
    return (values * 37 + values // 251).astype(np.uint8)


def _is_finite(probabilities: np.ndarray, energy: np.ndarray) -> bool:
    return bool(np.isfinite(probabilities).all() and np.isfinite(energy).all())


def softmax(logits: np.ndarray, temperature: float) -> tuple[np.ndarray, np.ndarray]:
    """(probabilities, energy) of float64 logits (num, classes); energy = -T log sum exp(logits / T)."""
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = logits / temperature
        top = scaled.max(axis=1, keepdims=True)
        exponents = np.exp(scaled - top)
    total = exponents.sum(axis=1, keepdims=True)
    return exponents / total, -temperature * (top + np.log(total))[:, 0]


def concatenate(parts: list[Prediction]) -> Prediction:
    """One prediction for the images of all `parts`, which belong to the same model and request."""
    return Prediction(
        parts[0].card,
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate([part.energy for part in parts]),
        parts[0].is_batch,
        sum(part.decode_seconds for part in parts),
        sum(part.infer_seconds for part in parts),
    )
