"""InvokeEndpoint: what SageMaker does between a caller and a container."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping

from werkzeug.wrappers import Response

from localcloud.context import Cloud
from localcloud.errors import AwsError, not_emulated
from localcloud.http_requests import Environ
from localcloud.sagemaker.containers.connections import HttpAnswer, NoAnswer, Unreachable
from localcloud.sagemaker.endpoints.api import Endpoints
from localcloud.sagemaker.endpoints.errors import ModelError, error_response
from localcloud.sagemaker.endpoints.fleet import Fleet
from localcloud.sagemaker.endpoints.instance import Instance
from localcloud.sagemaker.endpoints.metrics import VariantMetrics
from localcloud.sagemaker.endpoints.settings import EndpointSettings

_PATH = re.compile(r"/endpoints/([^/]+)/(invocations|invocations-response-stream|async-invocations)")
_HEADER = "HTTP_X_AMZN_SAGEMAKER_"
_REFUSED = {
    "TARGET_CONTAINER_HOSTNAME": "TargetContainerHostname",
    "INFERENCE_COMPONENT": "InferenceComponentName",
    "ENABLE_EXPLANATIONS": "EnableExplanations",
    "SESSION_ID": "SessionId",
}
_OTHER_OPERATIONS = {
    "invocations-response-stream": "InvokeEndpointWithResponseStream",
    "async-invocations": "InvokeEndpointAsync",
}
_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
# "No more than 1024 visible US-ASCII characters": InvokeEndpoint's CustomAttributes, in both directions.
_ATTRIBUTES_LIMIT = "Member must be at most 1024 visible US-ASCII characters"
_ATTRIBUTES_RULE = re.compile(r"[\t\x20-\x7e]{0,1024}")


class RuntimeApi:
    """Answers the runtime's paths before moto does, as their bodies are binary."""

    def __init__(self, cloud: Cloud, endpoints: Endpoints, settings: EndpointSettings) -> None:
        self._cloud = cloud
        self._endpoints = endpoints
        self._settings = settings

    def handle(self, environ: Environ) -> Response | None:
        """The response to an invocation; None for any other path."""
        match = _PATH.fullmatch(environ["PATH_INFO"])
        if match is None or environ["REQUEST_METHOD"] != "POST":
            return None
        try:
            if match[2] in _OTHER_OPERATIONS:
                raise not_emulated("sagemaker-runtime", _OTHER_OPERATIONS[match[2]])
            return self._invoke(match[1], environ)
        except AwsError as error:
            return error_response(error)

    def _invoke(self, name: str, environ: Environ) -> Response:
        started = time.perf_counter()
        endpoint = self._endpoints.find(name)
        body = self._body(environ)
        with endpoint.lease() as fleet:
            target = _target_model(environ, fleet, name)
            metrics = endpoint.metrics
            metrics.count("Invocations")
            metrics.count("InvocationsPerInstance", 1.0 / len(fleet.instances))
            instance = fleet.pick()
            try:
                answer, seconds = self._ask(instance, fleet, target, body, environ)
            except ModelError as error:
                _count_errors(metrics, error.original_status)
                raise
            metrics.duration("ModelLatency", seconds)
            metrics.duration("OverheadLatency", time.perf_counter() - started - seconds)
            _count_errors(metrics, answer.status)
            if answer.status >= 400:
                raise instance.failure(answer.status, answer.text)
            if not _ATTRIBUTES_RULE.fullmatch(answer.headers.get(_ATTRIBUTES, "")):
                raise instance.failure(500, f"{_ATTRIBUTES}: {_ATTRIBUTES_LIMIT}")
            return _response(answer, fleet.plan.variant_name)

    def _body(self, environ: Environ) -> bytes:
        limit = self._settings.max_body_bytes
        terminated = environ.get("wsgi.input_terminated")
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body: bytes = environ["wsgi.input"].read(limit + 1 if terminated and not length else length)
        if len(body) > limit:
            raise AwsError(
                "ValidationError",
                "1 validation error detected: Value at 'body' failed to satisfy constraint: "
                f"Member must have length less than or equal to {limit}",
            )
        return body

    def _ask(
        self, instance: Instance, fleet: Fleet, target: str | None, body: bytes, environ: Environ
    ) -> tuple[HttpAnswer, float]:
        headers = _forwarded(environ)
        if target is None:
            return self._send(instance, "/invocations", body, headers)
        bucket, key = fleet.plan.archive(target)
        name = fleet.archives.opaque_name(bucket, key)
        for attempt in (1, 2):
            with instance.models.use(
                key, name, lambda: fleet.archives.folder(bucket, key), self._settings.cold_load_seconds
            ):
                answer, seconds = self._send(instance, f"/models/{name}/invoke", body, headers)
            if answer.status != 404 or attempt == 2:
                break
            instance.models.lost(key)  # the container unloaded it by itself: load it again, once
        return answer, seconds

    def _send(self, instance: Instance, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[HttpAnswer, float]:
        started = time.perf_counter()
        try:
            answer = instance.request("POST", path, body, headers, self._settings.invoke_seconds)
        except NoAnswer as error:
            raise instance.failure(
                0,
                "Your invocation timed out while waiting for a response from container primary. Review the latency "
                f"metrics for each container in Amazon CloudWatch, resolve the issue, and try again. ({error})",
            ) from error
        except Unreachable as error:
            raise instance.failure(500, f"The container closed the connection: {error}") from error
        return answer, time.perf_counter() - started


def _count_errors(metrics: VariantMetrics, status: int) -> None:
    metrics.count("Invocation4XXErrors", float(400 <= status < 500))
    metrics.count("Invocation5XXErrors", float(status >= 500 or status == 0))


def _target_model(environ: Environ, fleet: Fleet, name: str) -> str | None:
    for header, parameter in _REFUSED.items():
        if environ.get(f"{_HEADER}{header}"):
            raise not_emulated("sagemaker-runtime", f"InvokeEndpoint with {parameter}")
    variant = environ.get(f"{_HEADER}TARGET_VARIANT")
    if variant and variant != fleet.plan.variant_name:
        raise AwsError("ValidationError", f"Variant {variant} not found for endpoint {name}.")
    target: str | None = environ.get(f"{_HEADER}TARGET_MODEL")
    if fleet.plan.multi_model and not target:
        raise AwsError("ValidationError", f"Endpoint {name} is a multi-model endpoint: TargetModel is required.")
    if target and not fleet.plan.multi_model:
        message = f"Endpoint {name} is not a multi-model endpoint and does not support target model header."
        raise AwsError("ValidationError", message)
    return target


def _forwarded(environ: Environ) -> dict[str, str]:
    headers = {
        "Content-Type": environ.get("CONTENT_TYPE") or "application/octet-stream",
        "Accept": environ.get("HTTP_ACCEPT", "*/*"),
    }
    for name in (_ATTRIBUTES, "X-Amzn-SageMaker-Target-Model", "X-Amzn-SageMaker-Inference-Id"):
        value = environ.get("HTTP_" + name.upper().replace("-", "_"))
        if value and name == _ATTRIBUTES and not _ATTRIBUTES_RULE.fullmatch(value):
            raise AwsError(
                "ValidationError",
                "1 validation error detected: Value at 'customAttributes' failed to satisfy constraint: "
                f"{_ATTRIBUTES_LIMIT}",
            )
        if value:
            headers[name] = value
    return headers


def _response(answer: HttpAnswer, variant: str) -> Response:
    """What InvokeEndpoint's output has: no other header of the container reaches a caller."""
    headers = {"x-Amzn-Invoked-Production-Variant": variant}
    if attributes := answer.headers.get(_ATTRIBUTES):
        headers[_ATTRIBUTES] = attributes
    content_type = answer.headers.get("Content-Type", "application/octet-stream")
    return Response(answer.body, 200, headers, content_type=content_type)
