"""One running server for the tests that do not change it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from server_process import ServerProcess
from tiny_artifact import colour_graph, write_model


@pytest.fixture(scope="session")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An unpacked artifact whose labels are red, green and blue."""
    folder = tmp_path_factory.mktemp("colours")
    write_model(folder)
    return folder


@pytest.fixture(scope="session")
def rolled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another one, with shifted classes, the response format `named` and temperature 2."""
    folder = tmp_path_factory.mktemp("rolled")
    write_model(folder, graph=colour_graph(roll=1), name="rolled", response_format="named", temperature=2.0)
    return folder


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, colours: Path, rolled: Path) -> Iterator[ServerProcess]:
    """A multi-model server that has `colours` and `rolled` loaded."""
    log = tmp_path_factory.mktemp("server") / "log"
    with ServerProcess(log, KENNEL_ENDPOINT_NAME="test", KENNEL_METRICS_SECONDS="1") as process:
        assert process.load("colours", colours).status == 200
        assert process.load("rolled", rolled).status == 200
        yield process
