"""Our server with four functions that do nothing: what is left is the server."""

from __future__ import annotations

import os
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np

from imgcls.contract.artifact import ModelCard, Preprocessing
from imgcls.serving.model import Images, Model, Prediction
from imgcls.serving.server import run

_CARD = ModelCard("null", "simple_cnn", ("a", "b"), Preprocessing())
_PREDICTION = Prediction(_CARD, np.full((1, 2), 0.5), np.zeros(1), False, 0.0, 0.0)


def model_fn(model_dir: str, context: Any = None) -> Model:
    return Model(_CARD, engine=lambda pixels: pixels, max_pixels=0)


def input_fn(body: bytes, content_type: str, context: Any = None) -> Images:
    return Images((body,))


def predict_fn(data: Images, model: Model, context: Any = None) -> Prediction:
    return _PREDICTION


def output_fn(prediction: Prediction, accept: str | None, context: Any = None) -> tuple[bytes, str]:
    return b"[0.5, 0.5]", "application/json"


if __name__ == "__main__":
    functions = SimpleNamespace(model_fn=model_fn, input_fn=input_fn, predict_fn=predict_fn, output_fn=output_fn)
    sys.exit(run(functions, os.environ))
