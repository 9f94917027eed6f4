"""The serving process's settings in its container's environment, and what it is called where others look for it."""

from __future__ import annotations

import pytest

from imgcls.contract import serving
from imgcls.contract.hyperparameter import HyperparameterError
from imgcls.contract.model_serving import ModelServing
from imgcls.contract.serving import ServerSettings

MIB = 1024 * 1024
DEFAULTS = {
    "KENNEL_ENDPOINT_NAME": "",
    "KENNEL_MAX_BODY_BYTES": str(6 * MIB),
    "KENNEL_MAX_IMAGE_PIXELS": "65000000",
    "KENNEL_MAX_BATCH": "64",
    "KENNEL_MAX_ARCHIVE_BYTES": str(4096 * MIB),
    "KENNEL_MAX_MEMORY_BYTES": "0",
    "KENNEL_MAX_BLOB_BYTES": str(1024 * MIB),
    "KENNEL_THREADS": "0",
    "KENNEL_MAX_QUEUE": "256",
    "KENNEL_MAX_QUEUE_BYTES": str(256 * MIB),
    "KENNEL_BODY_SECONDS": "20",
    "KENNEL_DRAIN_SECONDS": "25",
    "KENNEL_DEFAULT_ATTRIBUTES": "",
    "KENNEL_METRICS_SECONDS": "60",
    "KENNEL_MAX_METRIC_MODELS": "20",
}


def test_a_variable_per_setting() -> None:
    assert ServerSettings().to_environment() == DEFAULTS
    assert ServerSettings.from_environment(DEFAULTS) == ServerSettings.from_environment({}) == ServerSettings()


def test_what_the_environment_says_is_taken() -> None:
    given = {"KENNEL_THREADS": "3", "KENNEL_ENDPOINT_NAME": "e", "KENNEL_OTHER": "x", "PATH": "/bin"}
    assert ServerSettings.from_environment(given) == ServerSettings(endpoint_name="e", threads=3)


@pytest.mark.parametrize("text", ["", "many", "-1", "1.5"])
def test_a_variable_that_is_not_a_number_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=f"KENNEL_MAX_QUEUE is {text!r}; it must be a whole number"):
        ServerSettings.from_environment({"KENNEL_MAX_QUEUE": text})


def test_headers_types_and_metrics_have_these_names() -> None:
    assert (serving.MODEL_VERSION_HEADER, serving.CUSTOM_ATTRIBUTES_HEADER, serving.TARGET_MODEL_HEADER) == (
        "X-Model-Version", "X-Amzn-SageMaker-Custom-Attributes", "X-Amzn-SageMaker-Target-Model",
    )  # fmt: skip
    assert serving.IMAGE_TYPES == ("image/jpeg", "image/png", "image/webp")
    assert serving.SNIFFED_TYPES == ("application/x-image", "application/octet-stream")
    assert serving.BATCH_TYPE == "application/json"
    assert serving.METRIC_NAMESPACE == "Kennel/Serving"
    assert serving.MODEL_METRICS == ("Invocations", "Errors", "Latency")
    assert serving.ENDPOINT_METRICS == (
        "QueueTime", "DecodeTime", "InferTime", "ModelLoads", "ModelLoadTime", "ModelUnloads",
    )  # fmt: skip
    assert (serving.REFUSALS_METRIC, serving.OTHER_MODELS) == ("Refusals", "_other")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"format": "full"}, "serving has no 'format'; choose from response_format, precision"),
        ({"precision": "fp16"}, "serving.precision is 'fp16'; it must be one of fp32, bf16, int8"),
        ({"response_format": "xml"}, "serving.response_format is 'xml'; it must be one of full, array, named"),
    ],
)
def test_how_a_model_answers_is_one_of_a_few(values: dict[str, str], sentence: str) -> None:
    with pytest.raises(HyperparameterError, match=sentence):
        ModelServing.from_dict(values)
    assert ModelServing.from_dict({}).to_dict() == {"response_format": "full", "precision": "fp32"}
    assert ModelServing.from_dict({"precision": "int8"}) == ModelServing("full", "int8")
