"""The four functions that SageMaker's inference containers call, and that serve.py and evaluate.py call too.

Stateless. The same file runs under AWS's inference toolkit (`code/inference.py` of an artifact), on the torch weights
where OpenVINO is not installed. `context` is the toolkit's; serve.py passes a `RequestContext`.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

from imgcls.artifacts.archives import verify
from imgcls.artifacts.graph_file import weights_name
from imgcls.contract.artifact import ArtifactError
from imgcls.serving.context import custom_attributes, settings
from imgcls.serving.formats import check_accept, parse_attributes, parse_images, render
from imgcls.serving.model import Images, Model, Prediction

if importlib.util.find_spec("openvino"):
    from imgcls.serving.engine import OpenVinoEngine as Engine
else:
    # The serving image does not have torch; AWS's images do not have OpenVINO.
    from imgcls.serving.torch_engine import TorchEngine as Engine  # type: ignore[assignment]


def model_fn(model_dir: str | os.PathLike[str], context: Any = None) -> Model:
    """The model in an unpacked artifact, after its hashes were verified and it answered once. Raises ArtifactError."""
    folder = Path(model_dir)
    card = verify(folder, only=())
    graph = Engine.file_of(card)
    if graph not in card.files:
        raise ArtifactError(f"model.json does not list {graph}, which precision {card.precision} needs")
    verify(folder, only=[name for name in (graph, weights_name(graph)) if name in card.files])
    engine = Engine.for_server(folder, card)
    model = Model(card, engine, settings().max_image_pixels, engine.retire, engine.run_bytes)
    model.check()
    return model


def input_fn(body: bytes | str, content_type: str, context: Any = None) -> Images:
    """The request's encoded images; predict_fn decodes them, as each model resizes in its own way.

    Raises RequestError.
    """
    return parse_images(body, content_type, settings().max_batch)


def predict_fn(data: Images, model: Model, context: Any = None) -> Prediction:
    """Decode, run the network, apply the temperature. Raises RequestError for bytes that are not an image."""
    return model.predict(data)


def output_fn(prediction: Prediction, accept: str | None, context: Any = None) -> tuple[bytes, str]:
    """(body, content type) in the format that the CustomAttributes ask for, by default the model's."""
    check_accept(accept)
    return render(prediction, parse_attributes(custom_attributes(context))), "application/json"
