"""The models' regular expressions, which are Java's."""

from __future__ import annotations

import functools

import regex

# Java writes characters beyond 16 bits as pairs of surrogates, which are one character each in Python.
_SURROGATES = "\\uD800\\uDC00-\\uDBFF\\uDFFF"
_BEYOND_16_BITS = "\\U00010000-\\U0010FFFF"
_SECONDS = 0.5
_CATEGORY = regex.compile(r"\\p\{[LMNPSZ][a-z]?\}")  # of Unicode; \p{Alnum}, \p{Print} and \p{ASCII} are ASCII


@functools.cache
def compiled(pattern: str) -> regex.Pattern[str]:
    """`pattern` as Java reads it: of `\\w` and `\\d` only ASCII, of `\\p{L}` any letter."""
    flags = regex.VERSION1 | (regex.UNICODE if _CATEGORY.search(pattern) else regex.ASCII)
    return regex.compile(pattern.replace(_SURROGATES, _BEYOND_16_BITS), flags)


def matches(pattern: str, value: str) -> bool:
    """Whether the whole of `value` matches: AWS's services do not search."""
    try:
        return compiled(pattern).fullmatch(value, timeout=_SECONDS) is not None
    except TimeoutError:
        # A match is found at once; what does not match, a nested repetition such as `(a*b)*` tries in every way.
        return False
