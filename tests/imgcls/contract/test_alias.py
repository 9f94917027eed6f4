"""The alias document: what it says, and what becomes of the versions before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from imgcls.contract.alias import MAX_PREVIOUS, Alias

ALIAS = Alias("m", "m/2/model.tar.gz", ("m/1/model.tar.gz", "m/0/model.tar.gz"), "me", "2026-11-20T10:00:00+00:00", "y")
DOCUMENT = {
    "format": 1,
    "name": "m",
    "current": "m/2/model.tar.gz",
    "previous": ["m/1/model.tar.gz", "m/0/model.tar.gz"],
    "who": "me",
    "when": "2026-11-20T10:00:00+00:00",
    "why": "y",
}


def test_the_document_has_these_fields() -> None:
    assert ALIAS.to_dict() == DOCUMENT
    assert Alias.from_dict(DOCUMENT) == ALIAS


@pytest.mark.parametrize("format", [0, 2, "1", None])
def test_another_format_is_refused(format: object) -> None:
    with pytest.raises(ValueError, match=f"the alias has format {format!r}; this version reads format 1"):
        Alias.from_dict({**DOCUMENT, "format": format})
    with pytest.raises(ValueError, match="the alias has format None"):
        Alias.from_dict({name: value for name, value in DOCUMENT.items() if name != "format"})


def test_publishing_puts_the_version_before_first() -> None:
    moved = ALIAS.moved_to("m/3/model.tar.gz", who="you", when="now", why="better")
    previous = ("m/2/model.tar.gz", "m/1/model.tar.gz", "m/0/model.tar.gz")
    assert moved == Alias("m", "m/3/model.tar.gz", previous, "you", "now", "better")


def test_going_back_leaves_no_version_twice() -> None:
    back = ALIAS.moved_to("m/1/model.tar.gz", who="me", when="now", why="rollback")
    assert (back.current, back.previous) == ("m/1/model.tar.gz", ("m/2/model.tar.gz", "m/0/model.tar.gz"))
    doubled = replace(ALIAS, previous=("m/2/model.tar.gz", "m/1/model.tar.gz"))
    assert doubled.moved_to("m/3/model.tar.gz", who="", when="", why="").previous == doubled.previous


def test_publishing_the_current_version_again_changes_only_who_when_and_why() -> None:
    again = ALIAS.moved_to(ALIAS.current, who="you", when="now", why="again")
    assert again == replace(ALIAS, who="you", when="now", why="again")


def test_only_so_many_versions_are_remembered() -> None:
    alias = ALIAS
    for number in range(3, 40):
        alias = alias.moved_to(f"m/{number}/model.tar.gz", who="", when="", why="")
    assert MAX_PREVIOUS == 20
    assert alias.previous == tuple(f"m/{number}/model.tar.gz" for number in range(38, 18, -1))
