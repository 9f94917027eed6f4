"""A YAML file as plain values, with the line of every key. What YAML would silently read as something else is refused.

The file is read as YAML 1.2 core: `yes`, `on` and dates are texts in most editors and values in older readers, so that
a value that looks like one must be quoted or written as true or false.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import yaml

from config.base import ConfigError

Path_ = tuple[str, ...]
"""Where a value stands: keys from the top of the file; items of a list by their number, from 0."""

_NULL = re.compile(r"~|null|Null|NULL|")
_TRUE, _FALSE = re.compile(r"true|True|TRUE"), re.compile(r"false|False|FALSE")
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "merge", "value")}
"""What a plain scalar may look like to PyYAML, which reads YAML 1.1; the value is made here."""
_YES_NO = re.compile(r"yes|no|on|off|y|n", re.IGNORECASE)
_LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+|0[xob][0-9a-fA-F_]+")
_UNDERSCORES = re.compile(r"[-+]?[0-9]+(_[0-9]+)+")
_CLOCK = re.compile(r"[0-9]+(:[0-9]{1,2})+(\.[0-9]*)?")


@dataclass(frozen=True)
class Document:
    """`values` is plain dicts, lists and scalars. `lines` has the line of each key and item, from 1."""

    path: Path
    values: dict[str, Any]
    lines: dict[Path_, int]

    def where(self, path: Path_) -> str:
        """`kennel.yaml:12`, the line of the key or of the nearest one above it."""
        while path and path not in self.lines:
            path = path[:-1]
        return f"{self.path.name}:{self.lines.get(path, 1)}"


def read(path: Path) -> Document:
    """Raises ConfigError with file, line and fix."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"{path} does not exist: write one with `kennel init`") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None
    return parse(text, path)


def parse(text: str, path: Path) -> Document:
    """Raises ConfigError with file, line and fix."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise ConfigError(f"{path.name}:{line}: this is not YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path.name}: this is not YAML: {error}") from None
    if root is None:
        raise ConfigError(f"{path.name} is empty: write one with `kennel init`")
    if not isinstance(root, yaml.MappingNode):
        raise ConfigError(f"{path.name}:1: the file must begin with keys such as `project: flowers`")
    reader = _Reader(path)
    return Document(path, reader.mapping(root, ()), reader.lines)


def is_plain(text: str) -> bool:
    """Whether a text can stand in the file without quotes."""
    patterns = [pattern for pattern, _ in (*_TRAPS, *_PLAIN)]
    return not any(pattern.fullmatch(text) for pattern in patterns) and not re.search(r"^[^\w(]|: | #|:$", text)


class _Reader:
    def __init__(self, path: Path) -> None:
        self.lines: dict[Path_, int] = {}
        self._path = path
        self._open: list[yaml.Node] = []

    def mapping(self, node: yaml.MappingNode, path: Path_) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._refuse(key_node, path, "has a key that is not one word: write a text")
            key = key_node.value
            where = (*path, key)
            if key in found:
                self._refuse(key_node, where, f"stands twice, first in line {self.lines[where]}: keep one")
            if key == "<<":
                self._refuse(key_node, path, "has the key `<<`, which is not supported: write the values out")
            self.lines[where] = key_node.start_mark.line + 1
            found[key] = self._value(value_node, where)
        return found

    def _value(self, node: yaml.Node, path: Path_) -> Any:
        if node in self._open:
            self._refuse(node, path, "refers to itself")
        self._open.append(node)
        try:
            if isinstance(node, yaml.MappingNode):
                return self.mapping(node, path)
            if isinstance(node, yaml.SequenceNode):
                return [self._item(item, (*path, str(index))) for index, item in enumerate(node.value)]
            return self._scalar(node, path)
        finally:
            self._open.pop()

    def _item(self, node: yaml.Node, path: Path_) -> Any:
        self.lines[path] = node.start_mark.line + 1
        return self._value(node, path)

    def _scalar(self, node: yaml.ScalarNode, path: Path_) -> Any:
        text: str = node.value
        if node.tag not in _TAGS:
            self._refuse(node, path, f"has the tag {node.tag}, which is not supported: leave it out")
        if node.style in ("'", '"', "|", ">"):
            return text
        for pattern, fix in _TRAPS:
            if pattern.fullmatch(text):
                self._refuse(node, path, f"is {text}, which YAML readers understand differently: {fix(text)}")
        for pattern, made in _PLAIN:
            if pattern.fullmatch(text):
                return made(text)
        return text

    def _refuse(self, node: yaml.Node, path: Path_, sentence: str) -> NoReturn:
        subject = ".".join(path) or "the file"
        raise ConfigError(f"{self._path.name}:{node.start_mark.line + 1}: {subject} {sentence}")


_TRAPS: tuple[tuple[re.Pattern[str], Callable[[str], str]], ...] = (
    (_YES_NO, lambda text: f'write true or false, or "{text}" for the word'),
    (_LEADING_ZERO, lambda text: f'write "{text}", in quotes'),
    (_UNDERSCORES, lambda text: f"write {text.replace('_', '')}"),
    (_CLOCK, lambda text: f'write "{text}", in quotes'),
)
_PLAIN: tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...] = (
    (_NULL, lambda text: None),
    (_TRUE, lambda text: True),
    (_FALSE, lambda text: False),
    (_INT, int),
    (_FLOAT, float),
)
