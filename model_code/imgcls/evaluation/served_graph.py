"""Scoring the served graph: probabilities and latency through the functions with which the endpoint answers."""

from __future__ import annotations

import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import numpy as np

from imgcls.artifacts import archives
from imgcls.contract.artifact import ModelCard, read_card
from imgcls.contract.evaluation import Score
from imgcls.data.folders import DataError, ImageFolder
from imgcls.evaluation import scores
from imgcls.runtime.cores import num_cores
from imgcls.serving.errors import RequestError
from imgcls.serving.functions import Functions
from imgcls.serving.model import Model, Prediction

_LATENCY_IMAGES = 32
_CONTENT_TYPE = "application/x-image"


@dataclass(frozen=True)
class Scorer:
    """Scores artifacts as they are served."""

    functions: Functions

    def probabilities(self, folder: Path, split: ImageFolder) -> np.ndarray:
        """What the artifact in `folder` answers: (num, classes), in the split's order. One thread per core.

        Raises DataError naming an image that the serving code refuses.
        """
        model = self.functions.model_fn(folder)

        def predict(index: int) -> np.ndarray:
            try:
                row: np.ndarray = self._predict(model, split, index).probabilities[0]
            except RequestError as error:
                where = f"{split.root.name}/{split.name(index)}"
                raise DataError(f"{where}: {error}: remove it, or run prepare.py") from error
            return row

        with ThreadPoolExecutor(num_cores()) as pool:
            return np.stack(list(pool.map(predict, range(len(split)))))

    def latency_ms(self, folder: Path, split: ImageFolder) -> float:
        """Median time of one image from its bytes to probabilities, one after another."""
        model = self.functions.model_fn(folder)
        chosen = scores.spread(split.targets, _LATENCY_IMAGES)
        predictions = [self._predict(model, split, index) for index in chosen]
        return round(1000 * median(item.decode_seconds + item.infer_seconds for item in predictions), 3)

    def score(self, folder: Path, archive: Path, test: ImageFolder) -> tuple[np.ndarray, Score]:
        """(probabilities, score) of the artifact in `folder` on the test split.

        The probabilities' columns are in the order of the artifact's classes. `archive` is the artifact as it is
        published: its size is a part of the score.
        """
        card = read_card(folder)
        probabilities = self.probabilities(folder, test)
        columns = [card.labels.index(label) for label in test.labels]
        return probabilities, scores.score(
            probabilities[:, columns],
            np.asarray(test.targets),
            test.labels,
            latency_ms=self.latency_ms(folder, test),
            artifact_bytes=archive.stat().st_size,
            precision=card.precision,
            agreement_with_fp32=self._agreement_with_fp32(folder, card, test, probabilities),
            version=card.version,
        )

    def _agreement_with_fp32(
        self, folder: Path, card: ModelCard, test: ImageFolder, probabilities: np.ndarray
    ) -> float:
        """Share of the images to which the same artifact gives the same class in full precision."""
        if card.precision == "fp32":
            return 1.0
        with tempfile.TemporaryDirectory() as full:
            shutil.copytree(folder, full, dirs_exist_ok=True)
            archives.write_artifact(Path(full), replace(card, precision="fp32"))
            return scores.agreement(probabilities, self.probabilities(Path(full), test))

    def _predict(self, model: Model, split: ImageFolder, index: int) -> Prediction:
        return self.functions.predict_fn(self.functions.input_fn(split.read(index), _CONTENT_TYPE), model)
