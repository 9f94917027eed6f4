"""SageMaker's multi-model container contract, asked of any container over HTTP.

References: "Build Your Own Container for SageMaker AI Multi-Model Endpoints" in the SageMaker developer guide. What the
guide leaves open (the body of an answer, what an error says) is not judged.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from kennel.conformance.result import CheckResult
from kennel.errors import KennelError

NAMES = ("kennel-conformance-a", "kennel-conformance-b", "kennel-conformance-c")
TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes

    @property
    def json(self) -> Any:
        """The decoded body, or None when it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True)
class Container:
    """`url` is where it listens; `model` a folder with a model, as the container sees it; `payload` what it answers."""

    url: str
    model: str
    payload: bytes
    content_type: str

    def call(self, method: str, path: str, body: bytes | dict[str, str] | None = None) -> Reply:
        """Raises KennelError when nothing answers."""
        parts = urlsplit(self.url)
        if parts.scheme != "http" or not parts.hostname:
            raise KennelError(f"{self.url!r} is not a URL like http://localhost:8080")
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        headers = {"Content-Type": "application/json" if isinstance(body, dict) else self.content_type}
        connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(method, path, data, headers if data is not None else {})
            response = connection.getresponse()
            return Reply(response.status, response.read())
        except (OSError, http.client.HTTPException) as error:
            raise KennelError(f"{self.url} does not answer {method} {path}: {error}") from None
        finally:
            connection.close()

    def load(self, name: str) -> Reply:
        return self.call("POST", "/models", {"model_name": name, "url": self.model})

    def unload(self, name: str) -> Reply:
        return self.call("DELETE", f"/models/{quote(name, safe='')}")

    def invoke(self, name: str) -> Reply:
        return self.call("POST", f"/models/{quote(name, safe='')}/invoke", self.payload)

    def listed(self) -> list[str]:
        """Names of all loaded models, over all pages."""
        names, token = [], None
        for _ in range(1000):
            reply = self.call("GET", f"/models?limit=1{f'&next_page_token={quote(token)}' if token else ''}")
            value = reply.json if isinstance(reply.json, dict) else {}
            names += [str(model.get("modelName")) for model in value.get("models", [])]
            token = value.get("nextPageToken")
            if not token:
                break
        return names


def check(container: Container) -> list[CheckResult]:
    """Every rule of the contract. Models that the check loads are unloaded at the end, whatever happened."""
    for name in NAMES:
        container.unload(name)
    try:
        return list(_rules(container))
    finally:
        for name in NAMES:
            container.unload(name)


def _rules(container: Container) -> Iterator[CheckResult]:
    first, second, third = NAMES
    known = f"/models/{first}"

    def status(name: str, reply: Callable[[], Reply], *wanted: int) -> CheckResult:
        seen = reply()
        text = f"{seen.status}" + ("" if seen.status in wanted else f", not {wanted[0]}: {seen.body[:120]!r}")
        return CheckResult(name, seen.status in wanted, text)

    yield status("GET /ping answers 200 before any model is loaded", lambda: container.call("GET", "/ping"), 200)
    yield _shape("GET /models answers a list", container.call("GET", "/models").json, "models", list)
    yield status("invoking a model that is not loaded is 404", lambda: container.invoke(first), 404)
    yield status("describing a model that is not loaded is 404", lambda: container.call("GET", known), 404)
    yield status("unloading a model that is not loaded is 404", lambda: container.unload(first), 404)
    yield status("POST /models loads a model", lambda: container.load(first), 200)
    yield status("loading it again is 409", lambda: container.load(first), 409)
    yield _shape("GET /models/NAME names the model", _single(container.call("GET", known).json), "modelName", str)
    yield _shape("GET /models/NAME tells its folder", _single(container.call("GET", known).json), "modelUrl", str)
    yield status("POST /models/NAME/invoke answers", lambda: container.invoke(first), 200)
    yield status("a second model loads beside the first", lambda: container.load(second), 200)
    yield status("and so does a third", lambda: container.load(third), 200)
    listed = container.listed()
    yield CheckResult("GET /models lists every model, page by page", set(NAMES) <= set(listed), ", ".join(listed))
    yield status("DELETE /models/NAME unloads", lambda: container.unload(second), 200)
    yield status("an unloaded model is 404", lambda: container.invoke(second), 404)
    yield status("the others still answer", lambda: container.invoke(first), 200)
    yield status("an unloaded model can be loaded again", lambda: container.load(second), 200)


def _single(value: Any) -> Any:
    """multi-model-server answers a list of one."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _shape(name: str, value: Any, key: str, kind: type) -> CheckResult:
    ok = isinstance(value, dict) and isinstance(value.get(key), kind)
    return CheckResult(name, ok, "" if ok else f"no {key!r} in {str(value)[:120]}")
