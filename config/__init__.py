"""What we want: frozen, checked values. `load(environment)` is the one way in."""

from __future__ import annotations

from pathlib import Path

from config.app import AppConfig
from config.project_file.project import CLONE, Project

__all__ = ["Project", "load"]


def load(environment: str, project: Path | None = None, *, region: str | None = None) -> AppConfig:
    """The configuration of `environment` of a project file, this clone's unless said; in `region` if one is given.

    Raises ConfigError with one sentence per finding.
    """
    return Project.load(project or CLONE).config(environment, region)
