"""Which errors Retry and Catch match, and how long retries wait."""

import pytest

from localcloud.stepfunctions.asl.errors import StatesError
from localcloud.stepfunctions.asl.retry_catch import Retries, catcher, matches


@pytest.mark.parametrize(
    ("names", "error", "expected"),
    [
        (["States.ALL"], "Anything", True),
        (["States.ALL"], "States.Timeout", True),
        (["States.ALL"], "States.Runtime", False),
        (["States.Runtime"], "States.Runtime", False),
        (["States.ALL"], "States.DataLimitExceeded", False),
        (["States.DataLimitExceeded"], "States.DataLimitExceeded", True),
        (["States.TaskFailed"], "SageMaker.AmazonSageMakerException", True),
        (["States.TaskFailed"], "States.Timeout", False),
        (["States.Timeout"], "States.HeartbeatTimeout", True),
        (["States.HeartbeatTimeout"], "States.Timeout", False),
        (["A", "B"], "B", True),
        (["A"], "B", False),
    ],
)
def test_matches(names, error, expected):
    assert matches(names, error) is expected


def test_delays_grow_to_their_limit_and_each_retrier_counts_for_itself():
    retries = Retries(
        [
            {"ErrorEquals": ["A"], "IntervalSeconds": 2, "BackoffRate": 3, "MaxAttempts": 3, "MaxDelaySeconds": 10},
            {"ErrorEquals": ["States.ALL"], "MaxAttempts": 1},
        ]
    )
    assert [retries.delay(StatesError("A")) for _ in range(4)] == [2, 6, 10, None]
    assert [retries.delay(StatesError("B")) for _ in range(2)] == [1, None]


def test_defaults_are_three_attempts_doubling_from_one_second():
    retries = Retries([{"ErrorEquals": ["States.ALL"]}])
    assert [retries.delay(StatesError("A")) for _ in range(4)] == [1, 2, 4, None]


def test_full_jitter_stays_below_the_delay():
    retries = Retries(
        [{"ErrorEquals": ["A"], "IntervalSeconds": 8, "BackoffRate": 1, "MaxAttempts": 50, "JitterStrategy": "FULL"}]
    )
    delays = [retries.delay(StatesError("A")) for _ in range(50)]
    assert all(0 <= delay <= 8 for delay in delays)
    assert len(set(delays)) > 10


def test_the_first_catcher_that_matches_wins():
    catchers = [{"ErrorEquals": ["A"], "Next": "First"}, {"ErrorEquals": ["States.ALL"], "Next": "Second"}]
    assert catcher(catchers, StatesError("A"))["Next"] == "First"
    assert catcher(catchers, StatesError("B"))["Next"] == "Second"
    assert catcher(catchers, StatesError("States.Runtime")) is None
