"""The rules of the language find what they are for, and the reader of texts reads what a person reads."""

from __future__ import annotations

from pathlib import Path

import pytest

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
