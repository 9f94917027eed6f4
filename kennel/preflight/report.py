"""The findings as a text to paste into a bug report: no account numbers, no addresses, no folders of the user."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable
from pathlib import Path

from kennel.preflight.finding import Level
from kennel.preflight.never_run import Row
from kennel.preflight.run import Result

_SECRETS = (
    (re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])"), "<account>"),
    (re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+"), "<e-mail>"),
    (re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b"), "<access key>"),
    (re.compile(r"(assumed-role/[\w+=,.@-]+)/[\w+=,.@-]+"), r"\1/<session>"),
)
MARKS = {Level.OK: "ok", Level.WARNING: "warning", Level.ERROR: "ERROR", Level.UNKNOWN: "not checkable"}


def without_secrets(text: str) -> str:
    """`text` without account numbers, e-mail addresses, access keys and the user's home folder."""
    for pattern, word in _SECRETS:
        text = pattern.sub(word, text)
    return text.replace(str(Path.home()), "~")


def render(
    environment: str, region: str, results: Iterable[Result], settled: Iterable[str], still: Iterable[Row]
) -> str:
    """The whole report as Markdown."""
    lines = [
        f"### kennel preflight: environment {environment}, region {region}",
        "",
        f"Python {platform.python_version()} on {platform.system()} {platform.machine()}",
        "",
        "| check | | found |",
        "|---|---|---|",
    ]
    for result in results:
        for finding in result.findings:
            sentence = finding.sentence.replace("|", "\\|").replace("\n", " ")
            lines.append(f"| `{result.check}` | {MARKS[finding.level]} | {sentence} |")
    lines += ["", f"Settled rows of docs/never-run.md: {', '.join(sorted(settled)) or 'none'}", ""]
    lines.append(f"Open rows: {', '.join(row.id for row in still)}")
    return without_secrets("\n".join(lines) + "\n")
