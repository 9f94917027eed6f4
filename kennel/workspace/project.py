"""Which project a command is about: the file of `--project`, else of the nearest folder above, else this clone's."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path

from config.app import AppConfig
from config.base import ConfigError
from config.project_file.project import CLONE, FILE, Project, Resolved, find
from kennel.errors import KennelError

VARIABLE = "KENNEL_PROJECT"
"""A project file, or its folder; what `--project` sets for this process and the ones that it starts."""


def path() -> Path:
    """The project file that is in force. Raises KennelError when what was asked for has none."""
    chosen = os.environ.get(VARIABLE)
    if not chosen:
        return find(Path.cwd()) or _of_the_clone()
    asked = Path(chosen).expanduser().absolute()
    file = asked / FILE if asked.is_dir() else asked
    if not file.is_file():
        raise KennelError(f"--project {chosen}: {file} does not exist: give a {FILE} or its folder")
    return file


def load() -> Project:
    """Raises KennelError with file, line and fix."""
    try:
        return Project.load(path())
    except ConfigError as error:
        raise KennelError(str(error)) from None


def resolve(environment: str) -> Resolved:
    """Raises KennelError with one sentence per finding."""
    try:
        return load().resolve(environment)
    except ConfigError as error:
        raise KennelError(str(error)) from None


def config(environment: str) -> AppConfig:
    """Raises KennelError with one sentence per finding."""
    return resolve(environment).config


@cache
def _of_the_clone() -> Path:
    """Said once: whoever stands in the wrong folder would deploy another project than they think."""
    print(f"No {FILE} here or above: using the example project of {CLONE}", file=sys.stderr)
    return CLONE / FILE
