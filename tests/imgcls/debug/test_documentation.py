"""docs/debugger.md has every rule with its thresholds, and every statistic."""

from pathlib import Path

from imgcls.contract import records
from imgcls.contract.rules import ACTIONS, RULES

DOCUMENT = Path(__file__).parents[3] / "docs" / "debugger.md"
STATISTICS = (
    records.GRADIENT_NORM, records.GRADIENT_RATIO, records.WEIGHT_NORM, records.WEIGHT_STD, records.UPDATE_RATIO,
    records.ACTIVATION_MEAN, records.ACTIVATION_STD, records.ZERO_FRACTION, records.DEAD_FRACTION,
    records.SATURATED_FRACTION, records.INPUT_MEAN, records.INPUT_STD, records.INPUT_MIN, records.LOSS,
    records.LEARNING_RATE, records.LABEL_COUNT,
)  # fmt: skip


def row(rule):
    thresholds = ", ".join(f"`{name}` {value:g}" for name, value in rule.thresholds.items()) or "none"
    return f"| `{rule.name}` | {rule.help} | {thresholds} | {rule.advice} |"


def test_every_rule_is_documented_as_the_contract_has_it():
    """Those about learning first, and none that does not exist."""
    documented = [
        line for line in DOCUMENT.read_text().splitlines() if line.startswith("| `") and line.count(" | ") == 3
    ]
    assert documented == [row(rule) for about in ("learning", "system") for rule in RULES if rule.about == about]


def test_every_statistic_and_action_is_documented():
    text = DOCUMENT.read_text()
    assert [name for name in (*STATISTICS, *ACTIONS) if f"`{name}`" not in text] == []
