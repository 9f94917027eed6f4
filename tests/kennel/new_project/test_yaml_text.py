"""Keys and reasons as YAML that means the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from config.project_file.reader import parse
from kennel.new_project.yaml_text import WIDTH, Key, flow, text

WORDS = ["a", "no", "on", "null", "~", "123", "1e3", "007", "1:30", "a: b", "a #b", "- a", "", " a", "{a}", "[", "a, b",
         'say "no"', "it's", "ä\n", "&a", "*a", "!a", "%a", "@a", "`a", "1_000", "a:", "? a", "|", ">",
         "a\\b", "a ", "x\u2028y", "花", "😀"]  # fmt: skip


@pytest.mark.parametrize("word", WORDS)
def test_a_word_stays_a_word(word: str) -> None:
    line = f"k: {flow(word)}\nl: {flow([word, {word: word}])}\n"
    assert parse(line, Path("f")).values == {"k": word, "l": [word, {word: word}]}
    assert yaml.safe_load(line) == {"k": word, "l": [word, {word: word}]}, "in older readers too"


def test_values_keep_their_types() -> None:
    values: dict[str, Any] = {"i": 3, "f": 0.0025, "small": 1e-7, "t": True, "n": None, "m": {"a": [1, "1"]}, "e": []}
    assert parse("".join(f"{name}: {flow(value)}\n" for name, value in values.items()), Path("f")).values == values


def test_reasons_are_comments_above_their_keys() -> None:
    keys = (Key("a", keys=(Key("b", 1, why="Because."), Key("c", 2, why="Perhaps.", optional=True))),)
    assert text(keys, ["head"]) == "# head\n\na:\n  # Because.\n  b: 1\n  # Perhaps.\n  # c: 2\n"


def test_a_reason_cannot_break_out_of_its_comment() -> None:
    written = text((Key("a", 1, why="x\nb: 2\r\u2028c: 3 \x07"),), [])
    assert parse(written, Path("f")).values == {"a": 1}


@pytest.mark.parametrize("optional", [False, True])
def test_a_long_mapping_is_written_on_several_lines(optional: bool) -> None:
    value = {f"name-{number}": number for number in range(20)}
    written = text((Key("on", keys=(Key("a", value, optional=optional),)),), [])
    assert max(map(len, written.splitlines())) <= WIDTH
    assert parse(written.replace("# ", ""), Path("f")).values == {"on": {"a": value}}
    assert not optional or all(line.startswith("  # ") for line in written.splitlines()[2:])
