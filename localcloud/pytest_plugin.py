"""pytest fixtures: a local cloud for tests.

In a conftest.py: `pytest_plugins = ["localcloud.pytest_plugin"]`. Override `local_cloud_images` to run jobs and
endpoints of your own images.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from localcloud.image_table import ImageCommand
from localcloud.lifecycle import LocalCloud


@pytest.fixture(scope="module")
def local_cloud_images() -> Sequence[ImageCommand]:
    """The image table of `local_cloud`."""
    return ()


@pytest.fixture(scope="module")
def local_cloud(
    tmp_path_factory: pytest.TempPathFactory, local_cloud_images: Sequence[ImageCommand]
) -> Iterator[LocalCloud]:
    """A running local cloud; any AWS client made in the tests uses it. One per module, empty at its start."""
    root: Path = tmp_path_factory.mktemp("local-cloud")
    with LocalCloud(root=root, images=local_cloud_images) as cloud:
        yield cloud
