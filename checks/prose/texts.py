"""What a person reads in a file: strings, comments and test names of Python, Markdown, comments of other files."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^\s*(```|~~~)")
_INLINE_CODE = re.compile(r"`[^`]*`")
_LINK_TARGET = re.compile(r"\]\([^)]*\)")
_COMMENT = re.compile(r"(?:^|\s)#\s?(.*)")
_WORDS = re.compile(r"[A-Za-z]+[ ,;:]+[A-Za-z]+")
PLACEHOLDER = "X"
"""Stands for what an f-string fills in, and for code in Markdown."""


@dataclass(frozen=True)
class Text:
    """Something to read that begins in `line` of `path`. Line breaks are kept."""

    path: Path
    line: int
    content: str


def texts(path: Path) -> Iterator[Text]:
    """The texts of one file, none for a kind of file that is not read."""
    if path.suffix == ".py":
        yield from _python(path)
    elif path.suffix == ".md":
        yield from _markdown(path)
    elif path.suffix in (".yaml", ".yml", ".toml", ".txt", ".cfg") or path.name in ("Makefile", "Dockerfile"):
        yield from _comments(path)


def _python(path: Path) -> Iterator[Text]:
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    for string in _strings(tree):
        content = _content(string)
        if _WORDS.search(content):
            yield Text(path, string.lineno, content)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield Text(path, node.lineno, node.name.replace("_", " "))
    block: list[tokenize.TokenInfo] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        if block and token.start[0] != block[-1].start[0] + 1:
            yield _block(path, block)
            block = []
        block.append(token)
    if block:
        yield _block(path, block)


def _block(path: Path, comments: list[tokenize.TokenInfo]) -> Text:
    """Comments in lines that follow each other are one text."""
    return Text(path, comments[0].start[0], "\n".join(token.string.lstrip("#").strip() for token in comments))


def _strings(tree: ast.AST) -> Iterator[ast.Constant | ast.JoinedStr]:
    """String constants and f-strings, the latter whole."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.JoinedStr):
            yield node
            waiting += [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node
        else:
            waiting += ast.iter_child_nodes(node)


def _content(node: ast.Constant | ast.JoinedStr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    return "".join(str(part.value) if isinstance(part, ast.Constant) else PLACEHOLDER for part in node.values)


def _markdown(path: Path) -> Iterator[Text]:
    """Paragraphs without blocks of code; what stands between backticks is not prose."""
    paragraph: list[str] = []
    start, fenced = 1, False
    for number, line in enumerate([*path.read_text(encoding="utf-8").splitlines(), ""], start=1):
        if _FENCE.match(line):
            fenced = not fenced
        if fenced or _FENCE.match(line) or not line.strip():
            if paragraph:
                yield Text(path, start, "\n".join(paragraph))
            paragraph = []
            continue
        if not paragraph:
            start = number
        paragraph.append(_LINK_TARGET.sub("]", _INLINE_CODE.sub(PLACEHOLDER, line)))


def _comments(path: Path) -> Iterator[Text]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        found = _COMMENT.search(line)
        if found:
            yield Text(path, number, found[1])
