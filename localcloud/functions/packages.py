"""The packages that a function finds without packing them: those of Lambda's Python runtime, and no others."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

FOLDER_VARIABLE = "LOCALCLOUD_FUNCTION_PACKAGES"
"""A folder of installed packages to take the runtime's from instead, such as an older botocore's environment."""
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html: the runtime brings boto3 and what boto3 needs.
RUNTIME = ("boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3")


def link_runtime(folder: Path) -> Path:
    """Make `folder` the runtime's site-packages: links to the packages where they are installed.

    Raises RuntimeError naming a package that is not installed there.
    """
    places = [os.environ[FOLDER_VARIABLE]] if os.environ.get(FOLDER_VARIABLE) else sys.path
    installed: dict[str, Distribution] = {}
    for distribution in distributions(path=places):  # the first on the path is the one that is imported
        installed.setdefault(str(distribution.metadata["Name"]).lower().replace("_", "-"), distribution)
    if missing := [name for name in RUNTIME if name not in installed]:
        raise RuntimeError(f"functions need {', '.join(missing)}, not installed in {FOLDER_VARIABLE} or this Python")
    shutil.rmtree(folder, ignore_errors=True)  # of an earlier start of the same cloud, with other packages perhaps
    folder.mkdir(parents=True)
    for name in RUNTIME:
        for source in _parts(installed[name]):
            (folder / source.name).symlink_to(source)
    return folder


def _parts(distribution: Distribution) -> Iterator[Path]:
    """The folders and modules of a distribution."""
    names = {file.parts[0] for file in distribution.files or ()}
    for name in sorted(names - {"..", "__pycache__"}):
        yield Path(str(distribution.locate_file(name))).resolve()
