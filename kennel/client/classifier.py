"""`ImageClassifier`: predictions by one model of a multi-model endpoint."""

from __future__ import annotations

import base64
import io
import json
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import numpy as np
from botocore.exceptions import ClientError
from PIL import Image

from imgcls.contract import custom_attributes, keys
from imgcls.contract.alias import Alias
from imgcls.contract.failures import service_errors
from imgcls.contract.serving import BATCH_TYPE, ServerSettings
from kennel.errors import KennelError

ALIAS_SECONDS = 60
"""How long the content of an alias is used before it is read again."""
Picture = str | Path | bytes | Image.Image | np.ndarray
"""A path, encoded bytes, a PIL image, or pixels: uint8 (height, width, 3), RGB, or (height, width), grey."""


class NotPublished(KennelError):
    """Nothing is published under the model's name."""


@dataclass(frozen=True)
class ScoredLabel:
    label: str
    probability: float


@dataclass(frozen=True)
class Prediction:
    """The prediction for one image. `predictions` is best first; `target_model` is the artifact that answered.

    `request` is the id under which the endpoint's log describes the request; empty without an endpoint.
    """

    model: str
    version: str
    label: str
    probability: float
    predictions: tuple[ScoredLabel, ...]
    target_model: str
    request: str = ""


class ImageClassifier:
    """A model of a multi-model endpoint, by its name (the alias says which version is current) or by target model.

    >>> ImageClassifier("kennel-prod", model="dog-breed-classifier", bucket="...").predict("borzoi.jpg").label
    """

    def __init__(
        self,
        endpoint_name: str,
        model: str | None = None,
        *,
        target_model: str | None = None,
        bucket: str | None = None,
        runtime: Any = None,
        s3: Any = None,
        attempts: int = 8,
    ) -> None:
        """`bucket` is the artifacts bucket, where aliases are; it is not needed with `target_model`."""
        if (model is None) == (target_model is None):
            raise KennelError("give a model or a target model, and not both")
        if model is not None and bucket is None:
            raise KennelError("give the artifacts bucket, where the alias of the model is, or a target model")
        self._endpoint_name = endpoint_name
        self._model = model
        self._bucket = bucket
        self._runtime = runtime or boto3.client("sagemaker-runtime")
        self._s3 = s3 or (boto3.client("s3") if model else None)
        self._attempts = attempts
        self._target_model = target_model
        self._expires = float("inf") if target_model else float("-inf")

    def predict(self, picture: Picture, *, top_k: int = 5) -> Prediction:
        """The prediction for one picture. Raises KennelError with the endpoint's reason."""
        target_model = self._resolve()
        answer, said = self._ask(target_model, "application/x-image", _encode(picture), top_k)
        return _typed(answer, said, target_model)

    def predict_batch(self, pictures: Iterable[Picture], *, top_k: int = 5) -> list[Prediction]:
        """The predictions in order, many pictures per request, all by the same version. Raises KennelError.

        Requests are as large as the server accepts by default. For thousands of pictures a batch transform job is
        cheaper: `kennel batch`.
        """
        target_model, found = self._resolve(), []
        for body in _batches(pictures):
            answer, said = self._ask(target_model, BATCH_TYPE, body, top_k)
            found += [_typed(one, said, target_model) for one in answer["predictions"]]
        return found

    def _ask(
        self, target_model: str, content_type: str, body: bytes, top_k: int
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """(the answer's JSON, what the server says in CustomAttributes)"""
        response = self._invoke(
            TargetModel=target_model,
            ContentType=content_type,
            Accept="application/json",
            CustomAttributes=f"format=full,top_k={top_k}",
            Body=body,
        )
        answer: dict[str, Any] = json.loads(response["Body"].read())
        return answer, custom_attributes.parse(response.get("CustomAttributes"))

    def _resolve(self) -> str:
        if self._target_model is None or time.monotonic() > self._expires:
            self._target_model = read_alias(self._s3, str(self._bucket), str(self._model)).current
            self._expires = time.monotonic() + ALIAS_SECONDS
        return self._target_model

    def _invoke(self, **request: Any) -> dict[str, Any]:
        for attempt in range(1, self._attempts + 1):
            try:
                response: dict[str, Any] = self._runtime.invoke_endpoint(EndpointName=self._endpoint_name, **request)
                return response
            except ClientError as error:
                if attempt == self._attempts or not service_errors.is_transient(error.response):
                    raise KennelError(_reason(error)) from error
                # Full jitter: clients that waited for the same cold load must not retry at the same moment.
                time.sleep(random.uniform(0, min(20.0, 0.25 * 2**attempt)))  # noqa: S311
        raise AssertionError("the loop returns or raises")


def read_alias(s3: Any, bucket: str, model: str) -> Alias:
    """The alias document of a model. Raises NotPublished if nothing is published under that name."""
    try:
        body = s3.get_object(Bucket=bucket, Key=keys.alias(model))["Body"].read()
    except ClientError as error:
        if not service_errors.is_missing(error.response):
            raise
        raise NotPublished(
            f"nothing is published as {model}: see `kennel models list`, or start the pipeline"
        ) from None
    return Alias.from_dict(json.loads(body))


def _typed(answer: dict[str, Any], said: dict[str, str], target_model: str) -> Prediction:
    """The version of CustomAttributes; an older server, or another container, says it in the body only."""
    return Prediction(
        answer["model"],
        said.get(custom_attributes.VERSION) or answer["version"],
        answer["label"],
        answer["probability"],
        tuple(ScoredLabel(**item) for item in answer["predictions"]),
        target_model,
        said.get(custom_attributes.REQUEST, ""),
    )


def _batches(pictures: Iterable[Picture]) -> Iterator[bytes]:
    """Bodies of JSON batches, each within the server's default limits on bytes and images."""
    limits = ServerSettings()
    waiting: list[str] = []
    num_bytes = 0
    for picture in pictures:
        encoded = base64.b64encode(_encode(picture)).decode()
        size = len(encoded) + len('{"b64": ""}, ')
        if waiting and (len(waiting) == limits.max_batch or num_bytes + size > limits.max_body_bytes - 64):
            yield _batch_body(waiting)
            waiting, num_bytes = [], 0
        waiting.append(encoded)
        num_bytes += size
    if waiting:
        yield _batch_body(waiting)


def _batch_body(encoded: Sequence[str]) -> bytes:
    return json.dumps({"instances": [{"b64": text} for text in encoded]}).encode()


def _encode(picture: Picture) -> bytes:
    if isinstance(picture, bytes):
        return picture
    if isinstance(picture, np.ndarray):
        if picture.dtype != np.uint8 or not (picture.ndim == 2 or (picture.ndim == 3 and picture.shape[2] == 3)):
            raise KennelError(
                f"an array of {picture.dtype} {picture.shape} is not a picture: give uint8 (height, width, 3), RGB, "
                "or (height, width), grey"
            )
        picture = Image.fromarray(picture)
    if isinstance(picture, Image.Image):
        buffer = io.BytesIO()
        picture.save(buffer, "PNG")
        return buffer.getvalue()
    try:
        return Path(picture).read_bytes()
    except OSError as error:
        raise KennelError(f"{picture} cannot be read: {error.strerror}") from None


def _reason(error: ClientError) -> str:
    """The service's or the container's sentence, with the fix where the endpoint is missing."""
    sentence = service_errors.explain(error.response)
    if sentence.startswith("Endpoint ") and service_errors.is_missing(error.response):
        return f"{sentence} It is off, or was never deployed: see `kennel endpoint status`"
    return sentence
