"""IAM's patterns: `*` is any text, `?` any one character, and nothing else is special."""

from __future__ import annotations

import re
from functools import lru_cache

WILDCARD = re.compile(r"[*?]")


def matches(value: str, pattern: str) -> bool:
    """Whether the text `value` fits `pattern`. A `*` in it fits a `*` only, so a pattern that fits is covered."""
    return value == pattern or (
        WILDCARD.search(pattern) is not None and _compiled(pattern).fullmatch(value) is not None
    )


@lru_cache(maxsize=4096)
def overlap(one: str, other: str) -> bool:
    """Whether there is a text that fits both patterns."""
    if not WILDCARD.search(one):
        return matches(one, other)
    if not WILDCARD.search(other):
        return matches(other, one)
    reached = _skip_stars({0}, other)
    for character in one:
        reached = _after(character, reached, other)
    return len(other) in reached


def _after(character: str, reached: set[int], other: str) -> set[int]:
    """Where in `other` one can be after `character` of the first pattern."""
    if character == "*":
        return set(range(min(reached), len(other) + 1)) if reached else reached
    moved = {at + 1 for at in reached if at < len(other) and other[at] != "*" and _same(character, other[at])}
    return _skip_stars(moved | {at for at in reached if at < len(other) and other[at] == "*"}, other)


def _skip_stars(reached: set[int], other: str) -> set[int]:
    found = set(reached)
    for at in reached:
        while at < len(other) and other[at] == "*":
            at += 1
            found.add(at)
    return found


def _same(one: str, other: str) -> bool:
    return one == other or "?" in (one, other)


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.compile("".join(parts), re.DOTALL)
