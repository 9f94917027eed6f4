"""docs/controls.md names every control, with its rule and the environments that it binds."""

from __future__ import annotations

from checks.assembly import Assembly
from checks.control import Control
from checks.controls import CONTROLS
from tests.stacks.assemblies import ENVIRONMENTS, ROOT, assembly


def row(control: Control) -> str:
    promises = [Assembly.load(assembly(environment)).expected for environment in ENVIRONMENTS]
    binds = ["yes" if control.when is None or promise.get(control.when) else "–" for promise in promises]
    return f"| `{control.id}` | {control.rule} | {' | '.join(binds)} |"


def test_the_table_is_complete_and_true() -> None:
    lines = (ROOT / "docs" / "controls.md").read_text().splitlines()
    documented = [line for line in lines if line.startswith("| `")]
    assert documented == [row(control) for control in CONTROLS]
