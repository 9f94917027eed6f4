"""One small data set for all tests of the entry scripts."""

import sys
from pathlib import Path

import pytest

from tests.imgcls.stripes import draw_splits

sys.path.insert(0, str(Path(__file__).parents[2] / "model_code"))


@pytest.fixture(scope="session")
def splits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with train/ validation/ test/."""
    return draw_splits(tmp_path_factory.mktemp("stripes"))
