"""The state of an alarm for every treatment of missing data, against the service's documented tables."""

import pytest

from localcloud.cloudwatch.alarms.decision import COMPARISONS, Condition, decide

STATES = {"A": "ALARM", "O": "OK", "I": "INSUFFICIENT_DATA", "-": None}


def condition(datapoints, periods, treat):
    return Condition("GreaterThanThreshold", 1.0, periods, datapoints, treat)


def points(text):
    """Oldest first: 0 is fine, X breaches, - is missing."""
    return [{"0": 0.0, "X": 2.0, "-": None}[letter] for letter in reversed(text.replace(" ", ""))]


# Three of three and two of three, from "Configuring how CloudWatch alarms treat missing data".
# The columns: missing, ignore, breaching, notBreaching.
TABLE = [
    (3, 3, "0 - X - X", "OOOO"),
    (3, 3, "0 - - - -", "OOOO"),
    (3, 3, "- - - - -", "I-AO"),
    (3, 3, "0 X X - X", "AAAA"),
    (3, 3, "- - X - -", "A-AO"),
    (2, 3, "0 - X - X", "AAAA"),
    (2, 3, "0 0 X 0 X", "AAAA"),
    (2, 3, "0 - X - -", "OOAO"),
    (2, 3, "- - - - 0", "OOAO"),
    (2, 3, "- - - X -", "A-AO"),
    (1, 1, "- - X", "AAAA"),
    (1, 1, "- - 0", "OOOO"),
    (1, 1, "- - -", "I-AO"),
    (3, 3, "- - - - X", "O-AO"),
    (2, 2, "X X X 0", "OOOO"),
]


@pytest.mark.parametrize(("datapoints", "periods", "data", "expected"), TABLE)
def test_state(datapoints, periods, data, expected):
    treatments = ("missing", "ignore", "breaching", "notBreaching")
    states = [decide(condition(datapoints, periods, each), points(data)).state for each in treatments]
    assert states == [STATES[letter] for letter in expected]


@pytest.mark.parametrize(
    ("comparison", "breaching", "fine"),
    [
        ("GreaterThanThreshold", 1.1, 1.0),
        ("GreaterThanOrEqualToThreshold", 1.0, 0.9),
        ("LessThanThreshold", 0.9, 1.0),
        ("LessThanOrEqualToThreshold", 1.0, 1.1),
    ],
)
def test_comparison_operators(comparison, breaching, fine):
    alarm = Condition(comparison, 1.0, 1, 1)
    assert (decide(alarm, [breaching]).state, decide(alarm, [fine]).state) == ("ALARM", "OK")


def test_every_operator_is_in_the_table_above():
    assert len(COMPARISONS) == 4


def test_reasons_name_the_datapoints_and_the_threshold():
    crossed = decide(condition(2, 3, "missing"), points("X 0 X"))
    assert crossed.reason == (
        "Threshold Crossed: 2 out of the last 3 datapoints [2.0, 2.0] were greater than the threshold (1.0) "
        "(minimum 2 datapoints for OK -> ALARM transition)."
    )
    filled = decide(condition(1, 1, "breaching"), [None])
    assert filled.reason == (
        "Threshold Crossed: no datapoints were received for 1 periods and 1 missing datapoint was treated as "
        "[Breaching]."
    )
    assert decide(condition(1, 1, "missing"), [None]).reason == "Insufficient Data: 1 datapoint was unknown."
