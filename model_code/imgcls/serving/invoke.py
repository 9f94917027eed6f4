"""One prediction request: early refusals, the work on the shared threads, the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

from imgcls.contract.serving import BATCH_TYPE, CUSTOM_ATTRIBUTES_HEADER, MODEL_VERSION_HEADER, ServerSettings
from imgcls.serving.context import RequestContext
from imgcls.serving.errors import RequestError
from imgcls.serving.formats import check_accept, check_content_type, media_type, parse_attributes
from imgcls.serving.functions import Functions
from imgcls.serving.http import Request
from imgcls.serving.model import Images, Model, Prediction, concatenate
from imgcls.serving.observe import Observer
from imgcls.serving.repository import Repository
from imgcls.serving.workers import Workers, overloaded


@dataclass(frozen=True)
class PredictionRequest:
    """The part of a request that the four functions need."""

    body: bytes
    content_type: str
    accept: str | None
    context: RequestContext


class Invoker:
    """Answers prediction requests. Runs on the event loop; the four functions run on the workers' threads."""

    def __init__(
        self,
        functions: Functions,
        repository: Repository,
        workers: Workers,
        observer: Observer,
        settings: ServerSettings,
    ) -> None:
        self._functions = functions
        self._repository = repository
        self._workers = workers
        self._observer = observer
        self._settings = settings
        self._body_bytes = 0

    async def invoke(self, request: Request, name: str) -> tuple[bytes, dict[str, str]]:
        """(JSON body, headers). Raises RequestError."""
        start = perf_counter()
        content_type, accept = request.headers.get("content-type", ""), request.headers.get("accept")
        attributes = request.headers.get(CUSTOM_ATTRIBUTES_HEADER.lower(), self._settings.default_attributes)
        context = RequestContext(attributes)
        self._repository.get(name)
        self._workers.admit()
        check_content_type(content_type)
        check_accept(accept)
        parse_attributes(context.custom_attributes)
        with self._room_for(request):
            body = await request.body(self._settings.max_body_bytes, self._settings.body_seconds)
            asked = PredictionRequest(body, content_type, accept, context)
            # Once more, because other requests may have arrived while this body was on its way.
            self._workers.admit()
            with self._repository.use(name) as model, self._counted(model, start):
                run = self._run_batch if media_type(content_type) == BATCH_TYPE else self._run_single
                answer, prediction, waited = await run(model, asked)
        self._observer.prediction(request, prediction, waited)
        return answer, {MODEL_VERSION_HEADER: model.card.version}

    @contextmanager
    def _room_for(self, request: Request) -> Iterator[None]:
        """Raises RequestError 503 if there is no room for this body beside those that are already here."""
        size = min(request.length or self._settings.max_body_bytes, self._settings.max_body_bytes)
        if self._body_bytes and self._body_bytes + size > self._settings.max_queue_bytes:
            raise overloaded()
        self._body_bytes += size
        try:
            yield
        finally:
            self._body_bytes -= size

    @contextmanager
    def _counted(self, model: Model, start: float) -> Iterator[None]:
        """Count the invocation. A refused request does not count as an error of the model."""
        failed = True
        try:
            yield
            failed = False
        except RequestError as error:
            failed = error.status >= 500
            raise
        finally:
            self._observer.metrics.invocation(model.card.name, perf_counter() - start, failed=failed)

    async def _run_single(self, model: Model, asked: PredictionRequest) -> tuple[bytes, Prediction, float]:
        (answer, prediction), waited = await self._workers.submit(self._answer, model, asked)
        return answer, prediction, waited

    def _answer(self, model: Model, asked: PredictionRequest) -> tuple[bytes, Prediction]:
        functions, context = self._functions, asked.context
        images = functions.input_fn(asked.body, asked.content_type, context)
        prediction = functions.predict_fn(images, model, context)
        return functions.output_fn(prediction, asked.accept, context)[0], prediction

    async def _run_batch(self, model: Model, asked: PredictionRequest) -> tuple[bytes, Prediction, float]:
        """One image at a time, so that a batch uses all cores and other requests get their turn in between."""
        functions, context, submit = self._functions, asked.context, self._workers.submit
        images, waited = await submit(functions.input_fn, asked.body, asked.content_type, context)
        self._workers.admit(len(images.encoded))
        singles = [Images((data,), images.is_batch, index) for index, data in enumerate(images.encoded)]
        jobs = (submit(functions.predict_fn, single, model, context) for single in singles)
        # All results are awaited, even after an error: the model is in use as long as one of its jobs runs.
        results = await asyncio.gather(*jobs, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        prediction = concatenate([result[0] for result in results if not isinstance(result, BaseException)])
        (answer, _), _ = await submit(functions.output_fn, prediction, asked.accept, context)
        return answer, prediction, waited
