"""Expressions over metrics."""

import pytest

from localcloud.cloudwatch.metrics.math_functions import ExpressionError, Grid
from localcloud.cloudwatch.metrics.metric_math import check, evaluate

A = {0.0: 1.0, 60.0: 2.0, 120.0: 4.0}
B = {60.0: 4.0, 120.0: 0.0}
GRID = Grid((0.0, 60.0, 120.0), 60.0, {"a": A, "b": B})


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a", A),
        ("a / b", {60.0: 0.5}),  # no value where the divisor is 0
        ("100 * a", {0.0: 100.0, 60.0: 200.0, 120.0: 400.0}),
        ("-(a + 1) ^ 2", {0.0: 4.0, 60.0: 9.0, 120.0: 25.0}),
        ("2 + 3 * 4", 14.0),
        ("a > 1", {0.0: 0.0, 60.0: 1.0, 120.0: 1.0}),
        ("a > 1 AND b == 0", {60.0: 0.0, 120.0: 1.0}),
        ("a >= 4 || a < 2", {0.0: 1.0, 60.0: 0.0, 120.0: 1.0}),
        ("SUM(a)", 7.0),
        ("AVG([a, b])", {0.0: 1.0, 60.0: 3.0, 120.0: 2.0}),
        ("SUM(METRICS())", {0.0: 1.0, 60.0: 6.0, 120.0: 4.0}),
        ("MAX([a, 3])", {0.0: 3.0, 60.0: 3.0, 120.0: 4.0}),
        ("MIN(a)", 1.0),
        ("FILL(b, 0)", {0.0: 0.0, 60.0: 4.0, 120.0: 0.0}),
        ("FILL(b, REPEAT)", {60.0: 4.0, 120.0: 0.0}),
        ("FILL(b, a)", {0.0: 1.0, 60.0: 4.0, 120.0: 0.0}),
        ("IF(b > 1, a, 0)", {60.0: 2.0, 120.0: 0.0}),
        ("IF(a > 1, a)", {60.0: 2.0, 120.0: 4.0}),
        ("a / PERIOD(a)", {0.0: 1 / 60, 60.0: 2 / 60, 120.0: 4 / 60}),
        ("RATE(a)", {60.0: 1 / 60, 120.0: 2 / 60}),
        ("DIFF(a)", {60.0: 1.0, 120.0: 2.0}),
        ("CEIL(a / 3)", {0.0: 1.0, 60.0: 1.0, 120.0: 2.0}),
    ],
)
def test_value(expression, expected):
    assert evaluate(expression, {"a": A, "b": B}, GRID) == expected


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("SEARCH('{AWS/X}', 'Sum', 60)", "does not compute the function SEARCH"),
        ("ANOMALY_DETECTION_BAND(a, 2)", "does not compute the function ANOMALY_DETECTION_BAND"),
        ("a / c", "there is no metric with the id c"),
        ("a +", "expected a value, found the end"),
        ("(a", "expected )"),
        ("a b", "'b' is not allowed there"),
        ("a ? b", "is not metric math"),
        ("[a, b] / 2", "not arrays"),
        ("IF()", "does not take these arguments"),
    ],
)
def test_refused_with_the_reason(expression, reason):
    with pytest.raises(ExpressionError) as refusal:
        check(expression, ["a", "b"])
    assert reason in str(refusal.value)
