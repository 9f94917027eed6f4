"""Text that is cut to what a service takes stays UTF-8."""

from __future__ import annotations

import pytest

from imgcls.contract.text import cut
from localcloud.text import cut as cut_of_local_cloud


@pytest.mark.parametrize("cut", [cut, cut_of_local_cloud])
@pytest.mark.parametrize("character", ["x", "\u00fc", "\u20ac", "\U0001f43e"])
@pytest.mark.parametrize("ahead", range(4))
def test_a_cut_text_ends_with_a_whole_character(cut, character: str, ahead: int) -> None:  # type: ignore[no-untyped-def]
    text = "x" * ahead + character * 50
    found = cut(text, 32)
    assert text.startswith(found)
    assert 32 - len(character.encode()) < len(found.encode()) <= 32


def test_a_short_text_stays() -> None:
    assert cut("\u00fc", 2) == "\u00fc" and cut("", 5) == "" and cut("\u00fc", 1) == ""


def test_a_file_name_that_is_not_utf8_stops_no_message() -> None:
    assert cut(b"a\xffb".decode(errors="surrogateescape"), 100) == "a?b"
