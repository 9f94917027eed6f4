"""The application: SageMaker's multi-model and single-model container contracts as ASGI."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from imgcls.contract import custom_attributes
from imgcls.contract.serving import CUSTOM_ATTRIBUTES_HEADER, MODEL_VERSION_HEADER, ServerSettings
from imgcls.serving.errors import RequestError
from imgcls.serving.http import ClientGone, Receive, Request, Send, respond
from imgcls.serving.invoke import Invoker
from imgcls.serving.observe import Observer
from imgcls.serving.repository import DEFAULT_PAGE, MAX_PAGE, Entry, Repository

SINGLE = ""
"""The name of the model under the single-model contract; a request's path cannot contain it."""
MAX_CONTROL_BYTES = 64 * 1024
MAX_NAME_BYTES = 1024
"""Of a model's name in UTF-8, so that the path that names it fits into a request's head."""
MAX_TRANSFORM_MB = 100
"""SageMaker's limit on the sum of all bodies that a batch transform job sends at once."""
CLIENT_GONE = 499
"""The status in the log if the caller hung up before it was answered."""

_log = logging.getLogger("kennel.serving")


@dataclass
class Answer:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    error: str | None = None


class App:
    """ASGI. `single_model` is the folder of the single-model contract; without it the multi-model contract applies."""

    def __init__(
        self,
        *,
        settings: ServerSettings,
        repository: Repository,
        invoker: Invoker,
        observer: Observer,
        threads: int,
        single_model: str | None,
    ) -> None:
        self._settings = settings
        self._repository = repository
        self._invoker = invoker
        self._observer = observer
        self._threads = threads
        self._single_model = single_model

    async def start(self) -> None:
        """Raises RequestError if the single model cannot be served."""
        if self._single_model is not None:
            await self._load(SINGLE, self._single_model)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        start = perf_counter()
        request = Request(scope, receive)
        try:
            answer = await self._route(request)
        except RequestError as error:
            answer = _json(error.status, error.body(request.request_id), error.headers, error.code)
        except ClientGone:
            self._observer.access(request, CLIENT_GONE, 0, perf_counter() - start, "client_gone")
            return
        except Exception:
            _log.exception("request %s failed", request.request_id)
            message = f"the server failed; its log describes it under request {request.request_id}"
            body = {"error": "internal", "message": message}
            answer = _json(500, body, error="internal")
        attributes = custom_attributes.answer(request.request_id, answer.headers.get(MODEL_VERSION_HEADER))
        headers = {
            request.request_id_header: request.request_id,
            CUSTOM_ATTRIBUTES_HEADER: attributes,
            **answer.headers,
            **({"Connection": "close"} if request.waits_to_send else {}),
        }
        await respond(send, answer.status, answer.body, headers)
        # The platform pings every few seconds: log lines for that would cost money and hide the others.
        if request.parts != ("ping",) or answer.status != 200:
            self._observer.access(request, answer.status, len(answer.body), perf_counter() - start, answer.error)

    async def _route(self, request: Request) -> Answer:
        match request.parts:
            case ("ping",):
                _allow(request, "GET")
                return _json(200, {"status": "healthy"})
            case ("invocations",) if self._single_model is not None:
                _allow(request, "POST")
                return await self._invoke(request, SINGLE)
            case ("execution-parameters",) if self._single_model is not None:
                _allow(request, "GET")
                return _json(200, self._execution_parameters())
            case ("models",) if self._single_model is None:
                _allow(request, "GET", "POST")
                return await (self._load_model(request) if request.method == "POST" else self._list_models(request))
            case ("models", name) if self._single_model is None:
                _allow(request, "GET", "DELETE")
                return await self._unload_model(name) if request.method == "DELETE" else self._get_model(name)
            case ("models", name, "invoke") if self._single_model is None:
                _allow(request, "POST")
                return await self._invoke(request, name)
        message = f"{request.method} {request.path[:200]} is not a route of this container"
        raise RequestError(404, "no_such_route", message)

    async def _invoke(self, request: Request, name: str) -> Answer:
        body, headers = await self._invoker.invoke(request, name)
        return Answer(200, body, headers)

    async def _load_model(self, request: Request) -> Answer:
        usage = 'the body is {"model_name": "...", "url": "<folder of the unpacked artifact>"}'
        body = await request.body(MAX_CONTROL_BYTES, self._settings.body_seconds)
        try:
            value = json.loads(body)
            name, url = value["model_name"], value["url"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise RequestError(400, "bad_json", usage) from None
        if not isinstance(name, str) or not isinstance(url, str) or not name:
            raise RequestError(400, "bad_json", usage)
        _check_name(name)
        return _json(200, _describe(await self._load(name, url)))

    async def _load(self, name: str, url: str) -> Entry:
        start = perf_counter()
        entry = await self._repository.load(name, url)
        self._observer.metrics.loaded(perf_counter() - start)
        return entry

    async def _list_models(self, request: Request) -> Answer:
        limit = request.query.get("limit", str(DEFAULT_PAGE))
        if not (limit.isascii() and limit.isdigit() and len(limit) < 9 and int(limit)):
            raise RequestError(400, "bad_limit", "limit must be a whole number above 0")
        entries, token = self._repository.page(min(int(limit), MAX_PAGE), request.query.get("next_page_token"))
        more = {"nextPageToken": token} if token else {}
        return _json(200, {"models": [_describe(entry) for entry in entries], **more})

    def _get_model(self, name: str) -> Answer:
        return _json(200, _describe(self._repository.get(name)))

    async def _unload_model(self, name: str) -> Answer:
        await self._repository.unload(name)
        self._observer.metrics.unloaded()
        return _json(200, {"status": "unloaded"})

    def _execution_parameters(self) -> dict[str, Any]:
        """The first request of a batch transform job. Several requests per core keep it busy during transfers."""
        payload = max(1, self._settings.max_body_bytes >> 20)
        return {
            "MaxConcurrentTransforms": max(1, min(4 * self._threads, MAX_TRANSFORM_MB // payload)),
            "BatchStrategy": "SINGLE_RECORD",
            "MaxPayloadInMB": payload,
        }


def _describe(entry: Entry) -> dict[str, str]:
    return {"modelName": entry.name, "modelUrl": entry.url}


def _check_name(name: str) -> None:
    """Raises RequestError 400 for a name that no path could name."""
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise RequestError(
            400, "bad_name", f"model_name {name[:80]!r} has half of a surrogate pair: use characters"
        ) from None
    if size > MAX_NAME_BYTES:
        raise RequestError(400, "bad_name", f"model_name has {size} bytes; at most {MAX_NAME_BYTES} are accepted")


def _allow(request: Request, *methods: str) -> None:
    if request.method not in methods:
        message = f"{request.path[:200]} accepts {' or '.join(methods)} only"
        raise RequestError(405, "method_not_allowed", message, {"Allow": ", ".join(methods)})


def _json(status: int, value: Any, headers: dict[str, str] | None = None, error: str | None = None) -> Answer:
    return Answer(status, json.dumps(value).encode(), headers or {}, error)
