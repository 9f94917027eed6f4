"""`manifest.jsonl`: one header line, then one line per image of a prepared data set."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FORMAT = 1
FILE = "manifest.jsonl"
SPLITS = ("train", "validation", "test")
QUARANTINED = "quarantine"
REMOVED = "removed"
"""A good image that is left out, for example a leak's training side."""


@dataclass(frozen=True, slots=True)
class Row:
    """One image. `split` is one of SPLITS, QUARANTINED or REMOVED; `findings` are codes such as `truncated`."""

    path: str
    sha256: str
    bytes: int
    label_folder: str
    split: str
    width: int = 0
    height: int = 0
    findings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Header:
    """`id` is a hash over the settings and the rows, so the same input has the same id."""

    id: str
    dataset: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    format: int = FORMAT


def manifest_id(settings: Mapping[str, Any], rows: Iterable[Row]) -> str:
    """16 hex digits over the settings and the rows, which must be in path order. Raises ValueError otherwise."""
    digest = hashlib.sha256(json.dumps(dict(settings), sort_keys=True).encode())
    for row in _in_order(rows):
        digest.update(json.dumps(asdict(row), sort_keys=True).encode())
    return digest.hexdigest()[:16]


def write(path: Path, header: Header, rows: Iterable[Row]) -> None:
    """`rows` must be in path order. Raises ValueError otherwise."""
    with path.open("w") as file:
        file.write(json.dumps(asdict(header), sort_keys=True) + "\n")
        for row in _in_order(rows):
            file.write(json.dumps(asdict(row), sort_keys=True) + "\n")


def _in_order(rows: Iterable[Row]) -> Iterator[Row]:
    """`rows` one at a time: a data set can have more of them than fit into memory."""
    before = b""
    for row in rows:
        # As bytes: a name that is not valid Unicode would sort differently as text.
        path = os.fsencode(row.path)
        if path <= before:
            raise ValueError(f"the row of {row.path} comes after that of {os.fsdecode(before)}: sort the rows by path")
        yield row
        before = path


def read_header(path: Path) -> Header:
    with path.open() as file:
        value = json.loads(file.readline())
    if value.get("format") != FORMAT:
        raise ValueError(f"{path.name} has format {value.get('format')!r}; this version reads format {FORMAT}")
    return Header(**{**value, "classes": tuple(value["classes"])})


def read_rows(path: Path) -> Iterator[Row]:
    with path.open() as file:
        next(file)
        for text in file:
            value = json.loads(text)
            yield Row(**{**value, "findings": tuple(value["findings"])})
