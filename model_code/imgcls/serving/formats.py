"""Formats of requests and answers: content types, JSON batches, custom attributes, response formats."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from imgcls.contract import custom_attributes
from imgcls.contract.artifact import RESPONSE_FORMATS, ModelCard
from imgcls.contract.serving import BATCH_TYPE, IMAGE_TYPES, SNIFFED_TYPES
from imgcls.serving.errors import RequestError
from imgcls.serving.model import Images, Prediction

DEFAULT_TOP_K = 5
_ACCEPTED = ("application/json", "application/*", "*/*")
_DECIMALS = 7


@dataclass(frozen=True)
class Attributes:
    """The caller's CustomAttributes. `None` leaves the choice to the model."""

    response_format: str | None = None
    top_k: int | None = None


def media_type(header: str | None) -> str:
    """`image/jpeg; q=1` -> `image/jpeg`."""
    return (header or "").partition(";")[0].strip().lower()


def check_content_type(content_type: str | None) -> None:
    """Raises RequestError 415."""
    kind, allowed = media_type(content_type), (*IMAGE_TYPES, *SNIFFED_TYPES, BATCH_TYPE)
    if kind not in allowed:
        message = f"content type {kind[:80]!r} is not supported; use one of {', '.join(allowed)}"
        raise RequestError(415, "unsupported_content_type", message)


def parse_images(body: bytes | str, content_type: str | None, max_batch: int) -> Images:
    """The request's encoded images. Raises RequestError 400, 413 or 415."""
    check_content_type(content_type)
    if media_type(content_type) == BATCH_TYPE:
        return _parse_batch(body, max_batch)
    if isinstance(body, str):
        raise RequestError(400, "not_an_image", "the body is text, not an image's bytes")
    return Images((bytes(body),))


def _parse_batch(body: bytes | str, max_batch: int) -> Images:
    usage = 'a JSON body is {"instances": [{"b64": "<image in base64>"}, ...]}'
    try:
        value = json.loads(body)
        instances = value["instances"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise RequestError(400, "bad_json", usage) from None
    if not isinstance(instances, list) or not instances:
        raise RequestError(400, "bad_json", usage)
    if len(instances) > max_batch:
        message = f"{len(instances)} instances in one request; at most {max_batch} are accepted"
        raise RequestError(413, "batch_too_large", message)
    return Images(tuple(_decode_instance(item, index) for index, item in enumerate(instances)), is_batch=True)


def _decode_instance(item: Any, index: int) -> bytes:
    if not isinstance(item, dict) or not isinstance(item.get("b64"), str):
        raise RequestError(400, "bad_json", f'instance {index} must be {{"b64": "<image in base64>"}}')
    try:
        return base64.b64decode(item["b64"], validate=True)
    except (binascii.Error, ValueError):
        raise RequestError(400, "bad_json", f"instance {index}: b64 is not base64") from None


def parse_attributes(text: str | None) -> Attributes:
    """`top_k=5,format=named`, separated by commas or semicolons. Raises RequestError 400 on a bad value.

    Anything else in CustomAttributes belongs to the caller (AWS suggests trace ids) and is ignored.
    """
    values = custom_attributes.parse(text)
    response_format, top_k = values.get(custom_attributes.FORMAT), values.get(custom_attributes.TOP_K)
    if response_format is not None and response_format not in RESPONSE_FORMATS:
        message = f"format is {response_format[:40]!r}; it must be one of {', '.join(RESPONSE_FORMATS)}"
        raise RequestError(400, "bad_attribute", message)
    if top_k is not None and not (top_k.isascii() and top_k.isdigit() and len(top_k) <= 6 and int(top_k) > 0):
        raise RequestError(400, "bad_attribute", f"top_k is {top_k[:40]!r}; it must be a whole number above 0")
    return Attributes(response_format, None if top_k is None else int(top_k))


def check_accept(accept: str | None) -> None:
    """Raises RequestError 406 if the caller does not accept JSON."""
    if accept and not any(media_type(part) in _ACCEPTED for part in accept.split(",")):
        raise RequestError(406, "not_acceptable", "answers are application/json: accept that in the Accept header")


def render(prediction: Prediction, attributes: Attributes) -> bytes:
    """The response's JSON. The answer to a batch is `{"predictions": [one per instance]}`."""
    card = prediction.card
    kind = attributes.response_format or card.response_format
    answers = [_FORMATS[kind](card, row, attributes.top_k) for row in prediction.probabilities]
    return json.dumps({"predictions": answers} if prediction.is_batch else answers[0]).encode()


def _full(card: ModelCard, probabilities: np.ndarray, top_k: int | None) -> dict[str, Any]:
    values = np.round(probabilities, _DECIMALS).tolist()
    best = top(probabilities, top_k or DEFAULT_TOP_K)
    return {
        "model": card.name,
        "version": card.version,
        "label": card.labels[best[0]],
        "probability": values[best[0]],
        "predictions": [{"label": card.labels[i], "probability": values[i]} for i in best],
        "probabilities": values,
    }


def _array(card: ModelCard, probabilities: np.ndarray, top_k: int | None) -> list[float]:
    return [float(value) for value in np.round(probabilities, _DECIMALS)]


def _named(card: ModelCard, probabilities: np.ndarray, top_k: int | None) -> dict[str, float]:
    values = np.round(probabilities, _DECIMALS).tolist()
    chosen = range(len(values)) if top_k is None else top(probabilities, top_k)
    return {f"{card.labels[i]}_probability": values[i] for i in chosen}


_FORMATS = {"full": _full, "array": _array, "named": _named}


def top(probabilities: np.ndarray, k: int) -> list[int]:
    """Indices of the `k` largest of (classes,), best first; equal ones in class order."""
    return [int(index) for index in np.argsort(-probabilities, kind="stable")[:k]]
