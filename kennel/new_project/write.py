"""Write a new project: kennel.yaml and the schema that editors check it by, both or neither."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.app import AppConfig
from config.project_file.project import FILE, Project
from config.project_file.reader import parse
from config.project_file.schema import schema
from kennel.errors import KennelError
from kennel.new_project import yaml_text
from kennel.new_project.yaml_text import Key

SCHEMA = "kennel.schema.json"


@dataclass(frozen=True)
class NewProject:
    """The text of a project file that has been checked, and what it means in each environment."""

    text: str
    values: Mapping[str, Any]
    configs: Mapping[str, AppConfig]


def check_target(target: Path, data: Path) -> None:
    """Raises KennelError where no project file may be written."""
    file = target / FILE
    if file.exists() or file.is_symlink():
        raise KennelError(f"{file} exists, and is never overwritten: edit it, or give another folder")
    if target.exists() and not target.is_dir():
        raise KennelError(f"{target} is not a folder: give a folder for {FILE}")
    images = data.resolve()
    if target.resolve().is_relative_to(images):
        other = images.with_name(f"{images.name}-project")
        raise KennelError(
            f"{target.resolve()} is in the folder of images, whose every file is uploaded: give another folder for "
            f"{FILE}, such as {other}"
        )


def compose(keys: tuple[Key, ...]) -> NewProject:
    """Raises ConfigError where a key means nothing: what is written must load."""
    head = (
        f"yaml-language-server: $schema=./{SCHEMA}",
        "Written by `kennel init`; from here on it is yours. What is not here has a default: `kennel config show`",
        "prints all that is in force, and where it comes from.",
    )
    text = yaml_text.text(keys, head)
    document = parse(text, Path(FILE))
    project = Project(document)
    return NewProject(text, document.values, {name: project.config(name) for name in project.environments})


def write(project: NewProject, target: Path) -> tuple[Path, Path]:
    """The two files. Raises KennelError where the folder cannot be written to, or has a project file by now."""
    file, schema_file = target / FILE, target / SCHEMA
    try:
        target.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as stream:
            stream.write(project.text)
        schema_file.write_text(json.dumps(schema(), indent=1) + "\n")
    except FileExistsError:
        raise KennelError(f"{file} exists, and is never overwritten: edit it, or give another folder") from None
    except OSError as error:
        raise KennelError(f"{error.filename} cannot be written: {error.strerror}") from None
    return file, schema_file
