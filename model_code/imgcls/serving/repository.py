"""The loaded models: load, look up, list, unload. Runs on the event loop, so it does not need locks."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from imgcls.artifacts.graph_file import weights_name
from imgcls.contract.artifact import GRAPHS, ArtifactError, read_card
from imgcls.serving.errors import RequestError
from imgcls.serving.memory import Allocator, Budget, model_cost
from imgcls.serving.model import Model

LOADERS = 2
DEFAULT_PAGE, MAX_PAGE = 100, 1000
MAX_REASON = 600
"""Characters of why a model was refused, which may quote what the artifact or the caller wrote."""


@dataclass
class Entry:
    """`model` is None while it loads. `settled` is set when loading has ended, `idle` while no request uses the model,
    `gone` once it is unloaded.
    """

    name: str
    url: str
    model: Model | None = None
    users: int = 0
    is_leaving: bool = False
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)


class Repository:
    """Models by their names, which may be any text that has bytes in UTF-8."""

    def __init__(self, load: Callable[[str], Model], budget: Budget, allocator: Allocator) -> None:
        self._load = load
        self._budget = budget
        self._allocator = allocator
        self._entries: dict[str, Entry] = {}
        self._loaders = ThreadPoolExecutor(LOADERS, thread_name_prefix="loader")

    async def load(self, name: str, url: str) -> Entry:
        """Raises RequestError 409 (already there), 507 (no memory) or 400 (not a model that can be served)."""
        while (entry := self._entries.get(name)) and entry.is_leaving:
            await entry.gone.wait()
        if entry:
            raise RequestError(409, "already_loaded", f"model {name[:200]!r} is already loaded")
        entry = Entry(name, url)
        entry.idle.set()
        loop = asyncio.get_running_loop()
        self._entries[name] = entry
        try:
            await self._reserve(name, await loop.run_in_executor(self._loaders, _cost, url))
            try:
                model = await loop.run_in_executor(self._loaders, self._load, url)
                self._budget.add(name, model.run_bytes)
                entry.model = model
            except BaseException:
                self._budget.release(name)
                raise
        except (ArtifactError, OSError, ValueError) as error:
            raise RequestError(400, "bad_artifact", f"{error}"[:MAX_REASON]) from error
        except MemoryError:
            raise RequestError(507, "out_of_memory", "the model does not fit into memory") from None
        finally:
            if entry.model is None:
                del self._entries[name]
                entry.gone.set()
            entry.settled.set()
        return entry

    async def _reserve(self, name: str, cost: int) -> None:
        """Raises RequestError 507 if there is not enough memory, even after freed memory was given back."""
        try:
            self._budget.reserve(name, cost)
        except RequestError:
            await asyncio.get_running_loop().run_in_executor(self._loaders, self._allocator.give_back)
            self._budget.reserve(name, cost)

    @contextmanager
    def use(self, name: str) -> Iterator[Model]:
        """The model, which is not unloaded before the block ends. Raises RequestError 404."""
        entry = self._entries.get(name)
        if entry is None or entry.model is None or entry.is_leaving:
            raise _not_loaded(name)
        entry.users += 1
        entry.idle.clear()
        try:
            yield entry.model
        finally:
            entry.users -= 1
            if not entry.users:
                entry.idle.set()

    async def unload(self, name: str) -> None:
        """Returns after the model's requests are answered and its memory is free. Raises RequestError 404."""
        entry = self._entries.get(name)
        if entry is not None:
            await entry.settled.wait()
        if entry is None or entry.model is None or entry.is_leaving:
            raise _not_loaded(name)
        entry.is_leaving = True
        await entry.idle.wait()
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._loaders, entry.model.retire)
        finally:
            entry.model = None
            await loop.run_in_executor(self._loaders, self._allocator.give_back)
            self._budget.release(name)
            del self._entries[name]
            entry.gone.set()

    def get(self, name: str) -> Entry:
        """Raises RequestError 404."""
        entry = self._entries.get(name)
        if entry is None or entry.model is None or entry.is_leaving:
            raise _not_loaded(name)
        return entry

    def page(self, limit: int, token: str | None) -> tuple[list[Entry], str | None]:
        """(up to `limit` entries in the order of their names, the next page's token). Raises RequestError 400."""
        after = _decode_token(token) if token else ""
        entries = [self._entries[name] for name in sorted(self._entries) if name > after or not token]
        entries = [entry for entry in entries if entry.model and not entry.is_leaving]
        more = _encode_token(entries[limit - 1].name) if len(entries) > limit else None
        return entries[:limit], more

    def close(self) -> None:
        self._loaders.shutdown(wait=False, cancel_futures=True)


def _cost(url: str) -> int:
    """Estimated memory of the model at `url`, in bytes. Raises ArtifactError."""
    folder = Path(url)
    card = read_card(folder)
    graph = GRAPHS[card.precision]
    files = (folder / graph, folder / weights_name(graph))
    return model_cost(sum(file.stat().st_size for file in files if file.is_file()))


def _not_loaded(name: str) -> RequestError:
    return RequestError(404, "model_not_loaded", f"model {name[:200]!r} is not loaded")


def _encode_token(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode()


def _decode_token(token: str) -> str:
    try:
        return base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        message = "next_page_token is invalid: use the nextPageToken of an answer, or leave it out"
        raise RequestError(400, "bad_token", message) from None
