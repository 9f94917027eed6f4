"""One small data set for all tests of the entry scripts."""

import pytest

from tests.imgcls.stripes import draw_splits


@pytest.fixture(scope="session")
def splits(tmp_path_factory):
    """A folder with train/ validation/ test/."""
    return draw_splits(tmp_path_factory.mktemp("stripes"))
