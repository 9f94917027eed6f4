"""Runs the artifact's torch weights, for AWS's inference containers, which have torch but not OpenVINO."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import torch

from imgcls.contract.artifact import WEIGHTS, ArtifactError, ModelCard
from imgcls.networks import weights_file
from imgcls.networks.architectures import build


class TorchEngine:
    """Always in fp32, whatever the card's precision: torch runs the trained weights, not the calibrated graph."""

    run_bytes = 0
    """Not known; AWS's containers have no budget of memory."""

    def __init__(self, folder: Path, card: ModelCard) -> None:
        """Raises ArtifactError for weights that do not fit the card's architecture."""
        self._network = build(card.architecture, len(card.labels)).eval()
        try:
            self._network.load_state_dict(weights_file.load(folder / WEIGHTS))
        except RuntimeError as error:
            raise ArtifactError(f"{WEIGHTS} does not fit {card.architecture}: {error}") from error
        self._mean = torch.tensor(card.preprocessing.mean).view(1, 3, 1, 1)
        self._std = torch.tensor(card.preprocessing.std).view(1, 3, 1, 1)
        self._one_at_a_time = threading.Lock()

    @classmethod
    def for_server(cls, folder: Path, card: ModelCard) -> TorchEngine:
        return cls(folder, card)

    def retire(self) -> None:
        """Keeps nothing: torch does not compile the weights."""

    @staticmethod
    def file_of(card: ModelCard) -> str:
        """The file of the artifact that this engine runs."""
        return WEIGHTS

    def __call__(self, pixels: np.ndarray) -> np.ndarray:
        """uint8 (num, crop, crop, 3) -> float32 logits (num, classes). Thread-safe."""
        with self._one_at_a_time, torch.inference_mode():
            image = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
            logits: np.ndarray = self._network((image - self._mean) / self._std).numpy()
            return logits
