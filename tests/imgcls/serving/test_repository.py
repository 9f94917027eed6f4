"""The repository alone: what waits for what, tested with a loader that waits for the test."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from tiny_artifact import write_model

from imgcls.contract.artifact import read_card
from imgcls.serving.errors import RequestError
from imgcls.serving.memory import Allocator, Budget
from imgcls.serving.model import Model
from imgcls.serving.repository import Repository


class Loader:
    """Loads at once, except folders named `slow`, which wait for `release`."""

    def __init__(self) -> None:
        self.release = threading.Event()

    def __call__(self, url: str) -> Model:
        if Path(url).name == "slow":
            assert self.release.wait(10)
        return Model(read_card(Path(url)), engine=lambda pixels: pixels, max_pixels=1)


@pytest.fixture
def loader() -> Loader:
    return Loader()


@pytest.fixture
def repository(loader: Loader) -> Repository:
    return Repository(loader, Budget(1 << 40), Allocator())


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for name in ("slow", "quick"):
        write_model(tmp_path / name)
    return tmp_path


def test_a_slow_load_does_not_delay_anything_else(repository: Repository, loader: Loader, folders: Path) -> None:
    async def scenario() -> None:
        slow = asyncio.create_task(repository.load("slow", str(folders / "slow")))
        await asyncio.sleep(0)
        await asyncio.wait_for(repository.load("quick", str(folders / "quick")), 5)
        with repository.use("quick"), pytest.raises(RequestError, match="not loaded"), repository.use("slow"):
            pass
        with pytest.raises(RequestError, match="already loaded"):
            await repository.load("slow", str(folders / "slow"))
        assert [entry.name for entry in repository.page(10, None)[0]] == ["quick"]
        loader.release.set()
        await slow
        with repository.use("slow"):
            pass

    asyncio.run(scenario())


def test_an_unload_waits_for_a_running_load(repository: Repository, loader: Loader, folders: Path) -> None:
    async def scenario() -> None:
        load = asyncio.create_task(repository.load("m", str(folders / "slow")))
        await asyncio.sleep(0)
        unload = asyncio.create_task(repository.unload("m"))
        await asyncio.sleep(0.05)
        assert not unload.done()
        loader.release.set()
        await asyncio.gather(load, unload)
        with pytest.raises(RequestError, match="not loaded"):
            repository.get("m")

    asyncio.run(scenario())


def test_a_name_can_be_loaded_again_while_it_is_unloaded(repository: Repository, folders: Path) -> None:
    async def scenario() -> None:
        await repository.load("m", str(folders / "quick"))
        with repository.use("m"):
            unload = asyncio.create_task(repository.unload("m"))
            await asyncio.sleep(0)
            again = asyncio.create_task(repository.load("m", str(folders / "quick")))
            await asyncio.sleep(0.05)
            assert not unload.done() and not again.done()
            with pytest.raises(RequestError, match="not loaded"):
                repository.get("m")
        await asyncio.gather(unload, again)
        assert repository.get("m").users == 0

    asyncio.run(scenario())


def test_a_failed_load_releases_its_memory(folders: Path) -> None:
    def fails(url: str) -> Model:
        raise MemoryError

    budget = Budget(1 << 40)
    repository = Repository(fails, budget, Allocator())
    with pytest.raises(RequestError) as error:
        asyncio.run(repository.load("m", str(folders / "quick")))
    assert error.value.status == 507
    assert budget.reserved == 0
