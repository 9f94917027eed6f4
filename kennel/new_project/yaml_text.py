"""A project file as a tree of keys with their reasons, and as text: every reason is a comment above its key."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from config.project_file.reader import is_plain

WIDTH = 120
_WORDS = ("on",)
"""Keys of the project file that older YAML readers take for true or false; ours reads every key as a word."""
Value = str | int | float | bool | None | Sequence["Value"] | Mapping[str, "Value"]


@dataclass(frozen=True)
class Key:
    """`value` is written on one line; with `keys` there is none, and they follow. An `optional` key is a comment."""

    name: str
    value: Value = None
    keys: tuple[Key, ...] = ()
    why: str = ""
    optional: bool = False


def text(keys: Sequence[Key], head: Sequence[str]) -> str:
    """`head` are comment lines of their own, as they are."""
    return "\n".join([*(f"# {line}" for line in head), "", *_lines(keys, 0)]) + "\n"


def _lines(keys: Sequence[Key], indent: int) -> Iterator[str]:
    space = " " * indent
    for number, key in enumerate(keys):
        if number and indent == 0:
            yield ""
        yield from (f"{space}# {line}" for line in textwrap.wrap(_printable(key.why), WIDTH - indent - 2))
        begin = f"{space}{'# ' if key.optional else ''}{key.name if key.name in _WORDS else scalar(key.name)}:"
        line = begin if key.keys else f"{begin} {flow(key.value)}"
        yield from [line] if len(line) <= WIDTH or not isinstance(key.value, Mapping) else _block(begin, key.value)
        yield from _lines(key.keys, indent + 2)


def _block(begin: str, values: Mapping[str, Value]) -> Iterator[str]:
    """A mapping that is too long for one line."""
    yield begin
    space = begin[: len(begin) - len(begin.lstrip(" #"))]
    yield from (f"{space}  {scalar(name)}: {flow(value)}" for name, value in values.items())


def flow(value: Any) -> str:
    """YAML on one line."""
    if isinstance(value, str):
        return scalar(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(map(flow, value)) + "]"
    return json.dumps(value)


def scalar(word: str) -> str:
    """In quotes where YAML would read something else, inside a list or mapping on one line too."""
    if word.isprintable() and word == word.strip() and is_plain(word) and not set(word) & set("[]{},\"'"):
        return word
    return json.dumps(word, ensure_ascii=not word.isprintable())


def _printable(sentence: str) -> str:
    """Names of class folders may have line breaks and control characters, which would end a comment."""
    return "".join(character if character.isprintable() else "?" for character in sentence)
