"""docs/controls.md names every control, with its requirement and the environments where it applies."""

from __future__ import annotations

from checks.assembly import Assembly
from checks.control import Control
from checks.controls import CONTROLS
from tests.stacks.assemblies import ENVIRONMENTS, ROOT, assembly


def row(control: Control) -> str:
    expected = [Assembly.load(assembly(environment)).expected for environment in ENVIRONMENTS]
    applies = ["yes" if control.when is None or item.get(control.when) else "–" for item in expected]
    return f"| `{control.id}` | {control.requirement} | {' | '.join(applies)} |"


def test_the_table_lists_every_control() -> None:
    lines = (ROOT / "docs" / "controls.md").read_text().splitlines()
    documented = [line for line in lines if line.startswith("| `")]
    assert documented == [row(control) for control in CONTROLS]
