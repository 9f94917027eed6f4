"""`python -m checks.prose [FILE ...]`: hold what is written against the rules; without files, all that git tracks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from checks.prose.rules import RULES
from checks.prose.texts import Text, texts

LEFT_OUT = ("checks/prose/rules.py", "tests/checks/test_prose.py", "LICENSE", "CHANGELOG.md")
"""What quotes the rules' bad examples, and what is not our own text."""


def findings(files: Iterable[Path]) -> Iterator[str]:
    """`path:line: rule: what was found: advice`, one per finding."""
    for path in files:
        for text in texts(path):
            yield from _of_text(text)


def _of_text(text: Text) -> Iterator[str]:
    for rule in RULES:
        for match in rule.expression.finditer(text.content):
            line = text.line + text.content.count("\n", 0, match.start())
            found = " ".join(match[0].split())
            yield f"{text.path}:{line}: {rule.name}: {found!r}: {rule.advice}"


def tracked() -> list[Path]:
    """The files under version control that are ours to word."""
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True).stdout.splitlines()
    return [Path(name) for name in listed if name not in LEFT_OUT and Path(name).is_file()]


def main(arguments: Sequence[str]) -> int:
    found = list(findings([Path(name) for name in arguments] or tracked()))
    print("\n".join(found) or "the language holds")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
