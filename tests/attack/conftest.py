"""What the attacks share: a local cloud with one object, the developer's key, a small disk, the table of all."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from botocore.credentials import Credentials

from localcloud import LocalCloud
from tests.attack.small_disk import disk

__all__ = ["attacked", "disk", "keys", "url"]
ROOT = Path(__file__).parents[2]
TABLE = ROOT / "out" / "attacks.md"


@pytest.fixture
def tries(record_property: Callable[[str, object], None]) -> Callable[[int], None]:
    """Says how often a test attacked, for the table. Of a test that does not say so it is once."""
    return lambda number: record_property("tries", number)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table, attack -> tries -> failures, and write it to out/attacks.md."""
    tried: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for outcome in ("passed", "failed", "error"):
        for report in terminalreporter.getreports(outcome):
            name = report.nodeid.partition("::")[0]
            if name.startswith("tests/attack/") and (report.when == "call" or outcome == "error"):
                tried[name] += int(dict(report.user_properties).get("tries", 1))
                failed[name] += outcome != "passed"
    if tried:
        said = {name: ast.get_docstring(ast.parse((ROOT / name).read_text())) or name for name in tried}
        rows = [f"| {said[name].splitlines()[0]} | {tried[name]} | {failed[name]} |" for name in sorted(tried)]
        total = f"| all | {tried.total()} | {failed.total()} |"
        table = "\n".join(("| attack | tries | failures |", "|---|---|---|", *rows, total, ""))
        TABLE.parent.mkdir(exist_ok=True)
        TABLE.write_text(table)
        terminalreporter.write_line(table)


@pytest.fixture(scope="module")
def attacked() -> Iterator[LocalCloud]:
    with LocalCloud() as running:
        s3 = running.cloud.client("s3")
        s3.create_bucket(Bucket="attacked")
        s3.put_object(Bucket="attacked", Key="a b/é+'(.txt", Body=b"kept")
        yield running


@pytest.fixture
def url(attacked: LocalCloud) -> str:
    return attacked.url


@pytest.fixture
def keys(attacked: LocalCloud) -> Credentials:
    key = attacked.cloud.keys.developer
    return Credentials(key.id, key.secret, key.token)
