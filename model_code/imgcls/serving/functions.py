"""The four functions of `inference.py`, with which the server answers and the evaluation scores."""

from __future__ import annotations

import os
from typing import Any, Protocol

from imgcls.serving.model import Images, Model, Prediction


class Functions(Protocol):
    """The module `inference`, or anything with its functions."""

    def model_fn(self, model_dir: str | os.PathLike[str], context: Any = None) -> Model: ...
    def input_fn(self, body: bytes, content_type: str, context: Any = None) -> Images: ...
    def predict_fn(self, data: Images, model: Model, context: Any = None) -> Prediction: ...
    def output_fn(self, prediction: Prediction, accept: str | None, context: Any = None) -> tuple[bytes, str]: ...
