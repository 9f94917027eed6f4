"""Every comparison of a Choice state."""

import pytest

from localcloud.stepfunctions.asl.choice import COMPARISONS, holds
from localcloud.stepfunctions.asl.errors import StatesError
from localcloud.stepfunctions.asl.scope import Scope

VALUES = {
    "text": "beta",
    "other": "beta",
    "number": 5,
    "same": 5.0,
    "yes": True,
    "time": "2026-11-20T13:20:00Z",
    "later": "2026-11-20T14:20:01+01:00",
    "nothing": None,
    "list": [],
}
TIME = VALUES["time"]
TABLE = [
    ("text", "StringEquals", "beta", True),
    ("number", "StringEquals", "5", False),
    ("text", "StringEqualsPath", "$.other", True),
    ("text", "StringLessThan", "gamma", True),
    ("text", "StringLessThanPath", "$.other", False),
    ("text", "StringGreaterThan", "alpha", True),
    ("text", "StringGreaterThanPath", "$.other", False),
    ("text", "StringLessThanEquals", "beta", True),
    ("text", "StringLessThanEqualsPath", "$.other", True),
    ("text", "StringGreaterThanEquals", "gamma", False),
    ("text", "StringGreaterThanEqualsPath", "$.other", True),
    ("text", "StringMatches", "b*a", True),
    ("text", "StringMatches", r"b\*a", False),
    ("text", "StringMatches", "b.*", False),
    ("number", "NumericEquals", 5, True),
    ("number", "NumericEqualsPath", "$.same", True),
    ("yes", "NumericEquals", 1, False),
    ("number", "NumericLessThan", 5.1, True),
    ("number", "NumericLessThanPath", "$.same", False),
    ("number", "NumericGreaterThan", 5, False),
    ("number", "NumericGreaterThanPath", "$.same", False),
    ("number", "NumericLessThanEquals", 5, True),
    ("number", "NumericLessThanEqualsPath", "$.same", True),
    ("number", "NumericGreaterThanEquals", 6, False),
    ("number", "NumericGreaterThanEqualsPath", "$.same", True),
    ("yes", "BooleanEquals", True, True),
    ("text", "BooleanEquals", False, False),
    ("yes", "BooleanEqualsPath", "$.yes", True),
    ("time", "TimestampEquals", "2026-11-20T14:20:00+01:00", True),
    ("time", "TimestampEqualsPath", "$.later", False),
    ("time", "TimestampLessThan", TIME, False),
    ("time", "TimestampLessThanPath", "$.later", True),
    ("time", "TimestampGreaterThan", "2026-11-20T13:19:59Z", True),
    ("time", "TimestampGreaterThanPath", "$.later", False),
    ("time", "TimestampLessThanEquals", TIME, True),
    ("time", "TimestampLessThanEqualsPath", "$.later", True),
    ("time", "TimestampGreaterThanEquals", TIME, True),
    ("time", "TimestampGreaterThanEqualsPath", "$.later", False),
    ("nothing", "IsNull", True, True),
    ("text", "IsNull", False, True),
    ("missing", "IsPresent", False, True),
    ("nothing", "IsPresent", True, True),
    ("missing", "IsPresent", True, False),
    ("text", "IsString", True, True),
    ("yes", "IsNumeric", False, True),
    ("yes", "IsBoolean", True, True),
    ("time", "IsTimestamp", True, True),
    ("text", "IsTimestamp", True, False),
]


@pytest.mark.parametrize(("variable", "comparison", "value", "expected"), TABLE)
def test_comparison(variable, comparison, value, expected):
    assert holds({"Variable": f"$.{variable}", comparison: value}, Scope(VALUES, {})) is expected


def test_the_table_contains_every_comparison():
    assert {row[1] for row in TABLE} == COMPARISONS


def test_and_or_not_stop_at_the_first_rule_that_decides():
    data = Scope(VALUES, {})
    present = {"Variable": "$.missing", "IsPresent": True}
    risky = {"Variable": "$.missing", "NumericEquals": 1}
    assert not holds({"And": [present, risky]}, data)
    assert holds({"Or": [{"Not": present}, risky]}, data)


def test_a_missing_variable_fails_the_execution():
    with pytest.raises(StatesError, match=r"Invalid path '\$\.missing'"):
        holds({"Variable": "$.missing", "NumericEquals": 1}, Scope(VALUES, {}))


@pytest.mark.parametrize("comparison", ["StringMatches", "StringEqualsPath"])
def test_an_operand_that_must_be_a_string_is_checked(comparison):
    with pytest.raises(StatesError, match=f"The comparison '{comparison}' must be given a string, found 1"):
        holds({"Variable": "$.text", comparison: 1}, Scope(VALUES, {}))
