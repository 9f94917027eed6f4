"""Starts the server: reads the environment, connects the parts and runs them under uvicorn."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Mapping
from contextlib import suppress

import uvicorn

from imgcls.contract.serving import ServerSettings
from imgcls.images import cost
from imgcls.runtime.cores import num_cores
from imgcls.serving.app import App
from imgcls.serving.errors import RequestError
from imgcls.serving.formats import parse_attributes
from imgcls.serving.functions import Functions
from imgcls.serving.invoke import Invoker
from imgcls.serving.log import LineLog
from imgcls.serving.memory import Allocator, Budget, process_limit
from imgcls.serving.metrics import Metrics
from imgcls.serving.observe import Observer
from imgcls.serving.protocol import LimitedProtocol
from imgcls.serving.repository import Repository
from imgcls.serving.workers import Workers

DEFAULT_PORT = 8080
DEFAULT_HOST = "127.0.0.1"
"""Unless KENNEL_HOST says otherwise, as the image does: a container is reached from outside, a laptop is not."""
MODEL_DIR = "/opt/ml/model"
KEEP_ALIVE_SECONDS = 75
"""Longer than the caller keeps an idle connection, so that the caller closes it."""

_log = logging.getLogger("kennel.serving")


def run(functions: Functions, environment: Mapping[str, str]) -> int:
    """Serve until SIGTERM or SIGINT; in-flight requests are answered first. Returns the exit code."""
    # Threads that compute must release the interpreter quickly for the event loop.
    sys.setswitchinterval(0.001)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    try:
        settings = ServerSettings.from_environment(environment)
        parse_attributes(settings.default_attributes)
        address = (
            environment.get("KENNEL_HOST") or DEFAULT_HOST,
            int(environment.get("SAGEMAKER_BIND_TO_PORT") or DEFAULT_PORT),
        )
        is_multi_model = environment.get("SAGEMAKER_MULTI_MODEL", "").lower() == "true"
        single_model = None if is_multi_model else environment.get("SM_MODEL_DIR") or MODEL_DIR
        return asyncio.Runner(loop_factory=_new_loop).run(_serve(functions, settings, address, single_model))
    except (RequestError, ValueError) as error:
        print(f"serve.py: {error}", file=sys.stderr)
        return 1


def _new_loop() -> asyncio.AbstractEventLoop:
    import uvloop

    return uvloop.new_event_loop()


async def _serve(
    functions: Functions, settings: ServerSettings, address: tuple[str, int], single_model: str | None
) -> int:
    threads = settings.threads or num_cores()
    if settings.max_image_pixels > cost.MAX_PIXELS:
        price = cost.price(settings.max_image_pixels)
        _log.warning("KENNEL_MAX_IMAGE_PIXELS is %d: an image may take %s", settings.max_image_pixels, price)
    workers = Workers(threads, settings.max_queue)
    observer = Observer(LineLog(), Metrics(settings.endpoint_name, settings.max_metric_models))
    budget = Budget(settings.max_memory_bytes or process_limit())
    repository = Repository(functions.model_fn, budget, Allocator())
    invoker = Invoker(functions, repository, workers, observer, settings)
    app = App(
        settings=settings,
        repository=repository,
        invoker=invoker,
        observer=observer,
        threads=threads,
        single_model=single_model,
    )
    await app.start()
    config = uvicorn.Config(
        app,
        host=address[0],
        port=address[1],
        http=LimitedProtocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=settings.drain_seconds,
    )
    flusher = asyncio.create_task(_flush_metrics(observer, settings.metrics_seconds))
    try:
        await uvicorn.Server(config).serve()
    finally:
        flusher.cancel()
        with suppress(asyncio.CancelledError):
            await flusher
        workers.close()
        repository.close()
        observer.close()
    return 0


async def _flush_metrics(observer: Observer, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        observer.flush_metrics()
