"""Names for a new project: made from folders and flags, and checked."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from config.project_file.schema import schema
from imgcls.contract import keys
from kennel.errors import KennelError


@dataclass(frozen=True)
class Names:
    project: str
    dataset: str
    model: str


MAX_KEY = 63
_PROJECT = schema()["properties"]["project"]


def slug(text: str) -> str:
    """Lower case letters, digits and single hyphens; empty where `text` has no letter or digit of ASCII."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    return re.sub("[^a-z0-9]+", "-", plain).strip("-")


def dataset(folder: Path) -> str:
    """Of a data set in `folder`."""
    return _cut(slug(folder.resolve().name), MAX_KEY) or "images"


def model(dataset_name: str) -> str:
    return f"{_cut(dataset_name, MAX_KEY - len('-classifier'))}-classifier"


def project(text: str) -> str:
    """The nearest valid project name: it begins with a letter and is short, because bucket names carry it."""
    name = slug(text)
    if not name[:1].isalpha():
        name = f"p{name}"
    return _cut(name, _PROJECT["maxLength"])


def check_model(name: str) -> str:
    """`name`. Raises KennelError with a name that would do."""
    if not keys.NAME.fullmatch(name):
        hint = _cut(slug(name), MAX_KEY)
        raise KennelError(
            f"--name {name!r}: use lower case letters, digits and hyphens{f', such as {hint}' if hint else ''}"
        )
    return name


def check_project(name: str) -> str:
    """`name`. Raises KennelError with a name that would do."""
    if not re.fullmatch(_PROJECT["pattern"], name) or len(name) > _PROJECT["maxLength"]:
        raise KennelError(
            f"--project-name {name!r}: use at most {_PROJECT['maxLength']} lower case letters, digits and single "
            f"hyphens, a letter first, such as {project(name)}"
        )
    return name


def _cut(name: str, length: int) -> str:
    """At most `length` characters, at the end of a word where one ends there."""
    if len(name) <= length:
        return name
    words = name[: length + 1].rpartition("-")[0]
    return words or name[:length]
