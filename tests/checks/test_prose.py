"""The rules of the language find what they are for, and the reader of texts reads what a person reads."""

# ruff: noqa: E501  tables read best with one case per line

from __future__ import annotations

from pathlib import Path

import pytest

from checks.prose import __main__ as prose
from checks.prose.__main__ import findings, main, tracked
from checks.prose.rules import RULES, Rule
from checks.prose.texts import texts


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_finds_its_bad_example_and_passes_its_good_one(rule: Rule) -> None:
    assert rule.expression.search(rule.bad)
    assert not rule.expression.search(rule.good)


def test_names_of_rules_are_unique() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)


SOURCE = '''"""A file that is no
module."""
# one line a file
key = "is_no_prose"
message = f"{path} is " "no file"
def test_a_model_is_no_archive(): ...
'''


def test_strings_comments_and_test_names_of_python_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text(SOURCE)
    found = {(line.split(":")[1], line.split(": ")[1]) for line in findings([path])}
    assert found == {("1", "is-no"), ("5", "is-no"), ("6", "is-no"), ("3", "a-for-per")}


def test_markdown_is_read_without_its_code(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("A photo\nis no file, `x is no y`.\n\n```\nit is no prose\n```\n[is](is no link)\n")
    assert [text.content for text in texts(path)] == ["A photo\nis no file, X.", "[is]"]
    [found] = findings([path])
    assert found == f"{path}:2: is-no: 'is no f': write \"is not a\""


def test_comments_of_other_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / "Makefile"
    path.write_text("a: b  # one line a file\n\techo is no comment\n")
    assert [text.content for text in texts(path)] == ["one line a file"]


def test_an_unknown_kind_of_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_text("is no text")
    assert not list(texts(path))


def test_the_command_fails_on_a_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.md"
    path.write_text("It can not be.\n")
    assert main([str(path)]) == 1
    assert "can-not" in capsys.readouterr().out
    path.write_text("It cannot be.\n")
    assert main([str(path)]) == 0


def test_every_page_and_module_is_read() -> None:
    names = {str(path) for path in tracked()}
    assert {"README.md", "Makefile", "kennel.yaml", "config/app.py", "tests/checks/test_controls.py"} <= names
    assert Path("LICENSE") not in tracked()


# What each rule is for, in other words than its own example.
FOUND = {
    "is-no": "The archives are no zip files.",
    "holds-no": "It holds nothing at all.",
    "a-for-per": "It prints 20 lines a run.",
    "embedded-cloud": "See the Embedded\nCloud.",
    "dearest": "That is dear.",
    "sisters": "Its sister failed.",
    "of-now": "Take the version of now.",
    "stranger": "It came from strangers.",
    "in-vain": "It waits in vain.",
    "ever-after": "It stays so ever after.",
    "speaks": "Whoever speaks first.",
    "thinkable": "That is unthinkable.",
    "mend": "It was mended.",
    "can-not": "We can not do that.",
    "to-be-had": "It is to be had here.",
    "once-over": "Look once over it.",
    "for-nothing": "It ran for nothing.",
    "archaic": "Whence it came.",
    "utilize": "It utilised both cores.",
    "simply": "Obviously it works.",
    "as-per": "As per our plan.",
    "in-order-to": "In order\nto win.",
    "doubled-word": "It is is so.",
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_finds_other_words_than_its_example(rule: Rule) -> None:
    assert [item.name for item in RULES if item.expression.search(FOUND[rule.name])] == [rule.name]


def test_no_rule_is_missing() -> None:
    assert [rule.name for rule in RULES] == list(FOUND)


def read(path: Path, text: str) -> list[tuple[int, str]]:
    path.write_text(text)
    return [(item.line, item.content) for item in texts(path)]


@pytest.mark.parametrize("name", ["a.yaml", "a.yml", "a.toml", "a.txt", "a.cfg", "Makefile", "Dockerfile"])
def test_comments_are_read_with_their_lines(tmp_path: Path, name: str) -> None:
    assert read(tmp_path / name, "a: b\n# first words\nc: d  # second words\ne: 'f#g'\n") == [
        (2, "first words"), (3, "second words"),
    ]  # fmt: skip
    assert read(tmp_path / "a.other", "# words") == []


def test_comments_in_lines_that_follow_each_other_are_one_text(tmp_path: Path) -> None:
    source = "# one two\n# three\nx = 1  # four\n\n# five\n"
    assert read(tmp_path / "a.py", source) == [(1, "one two\nthree\nfour"), (5, "five")]


def test_strings_are_read_whole_where_they_have_words(tmp_path: Path) -> None:
    source = 'a = f"some {b} words {\'in here\'}"\nc = "one"\nd = ("two " "words")\ndef test_it_works(): ...\ndef other_one(): ...\n'
    assert sorted(read(tmp_path / "a.py", source)) == [
        (1, "in here"), (1, "some X words X"), (3, "two words"), (4, "test it works"),
    ]  # fmt: skip


def test_a_finding_names_the_line_of_its_words(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text('x = """\nin vain\nand in vain\n"""\n')
    assert [line.removeprefix(f"{path}:")[0] for line in findings([path])] == ["2", "3"]
    path = tmp_path / "a.md"
    path.write_text("# In vain\n  \nNot so.\nIn\nvain\n\n~~~\nin vain\n~~~\nin vain `in vain`\n")
    assert [line.removeprefix(f"{path}:").split(": ")[0] for line in findings([path])] == ["1", "4", "10"]


def test_rules_quote_what_they_find_and_are_left_out() -> None:
    names = {str(path) for path in tracked()}
    assert not names & {"checks/prose/rules.py", "LICENSE", "CHANGELOG.md"}
    assert {"checks/prose/texts.py", "README.md", "requirements.txt"} <= names


def test_without_files_all_that_is_tracked_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "a.md"
    page.write_text("In vain.\n")
    monkeypatch.setattr(prose, "tracked", lambda: [page])
    assert main([]) == 1
    assert capsys.readouterr().out.splitlines() == [f"{page}:1: in-vain: 'In vain': say what fails"]
    monkeypatch.setattr(prose, "tracked", list)
    assert main([]) == 0 and capsys.readouterr().out == "the language holds\n"
