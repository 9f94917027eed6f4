"""How long the smoke test waits for an endpoint and a cold model, and how far an answer may differ."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from imgcls.contract.evaluation import Golden
from lambdas.common.errors import NotReady
from lambdas.smoke_test.comparison import SmokeTestFailed, check, largest_difference
from lambdas.smoke_test.endpoint import ANSWERING, POLL_SECONDS, Endpoint, SwitchedOff

GOLDEN = Golden("0.jpg", "cat", "cat", (0.5, 0.25, 0.25))
ANSWER = {"version": "v1", "label": "cat", "probabilities": [0.5, 0.25, 0.25]}


def test_a_probability_may_differ_by_two_hundredths() -> None:
    assert largest_difference([0.5, 0.25], [0.5, 0.75]) == 0.5
    check(Golden("0.jpg", "cat", "cat", (0.02, 0.98)), {**ANSWER, "probabilities": [0.0, 0.98]}, "v1")
    with pytest.raises(SmokeTestFailed, match=r"0.jpg: .*0.0210 .*0.02"):
        check(Golden("0.jpg", "cat", "cat", (0.021, 0.98)), {**ANSWER, "probabilities": [0.0, 0.98]}, "v1")
    with pytest.raises(SmokeTestFailed, match=r"2 probabilities, .* 3"):
        check(GOLDEN, {**ANSWER, "probabilities": [0.5, 0.5]}, "v1")
    for change, words in (({"version": None}, "version None .* v1"), ({"label": "dog"}, "dog, .* cat")):
        with pytest.raises(SmokeTestFailed, match=f"0.jpg: .*{words}"):
            check(GOLDEN, {**ANSWER, **change}, "v1")


class Clock:
    """In place of `time`: sleeping moves it."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr("lambdas.smoke_test.endpoint.time", found)
    return found


def statuses(monkeypatch: pytest.MonkeyPatch, *values: str | None) -> None:
    left = list(values)

    def describe(name: str) -> dict[str, str] | None:
        assert name == "kennel"
        value = left.pop(0) if len(left) > 1 else left[0]
        return {"EndpointStatus": value} if value else None

    monkeypatch.setattr("lambdas.smoke_test.endpoint.endpoints.describe", describe)


@pytest.mark.parametrize("status", ["InService", "Updating", "SystemUpdating", "RollingBack"])
def test_an_endpoint_that_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, clock: Clock, status: str) -> None:
    assert status in ANSWERING
    statuses(monkeypatch, status)
    Endpoint("kennel", clock.now).wait_until_answering()
    assert clock.now == 100.0
    for off in (None, "Deleting"):
        statuses(monkeypatch, off)
        with pytest.raises(SwitchedOff, match="endpoint kennel is switched off"):
            Endpoint("kennel", clock.now).wait_until_answering()


def test_waiting_never_goes_beyond_the_deadline(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    statuses(monkeypatch, "Creating")
    with pytest.raises(NotReady, match=r"endpoint kennel is still Creating"):
        Endpoint("kennel", clock.now + 2 * POLL_SECONDS).wait_until_answering()
    assert clock.now == 110.0 and POLL_SECONDS == 5.0
    statuses(monkeypatch, "Failed")
    with pytest.raises(NotReady, match=r"endpoint kennel is Failed"):
        Endpoint("kennel", clock.now).wait_until_answering()


def test_a_prediction_is_asked_in_full_until_the_deadline(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    asked: list[dict[str, Any]] = []
    busy = {"Error": {"Code": "ModelNotReadyException", "Message": "loading"}}

    class Runtime:
        def invoke_endpoint(self, **request: Any) -> None:
            asked.append(request)
            raise ClientError(busy, "InvokeEndpoint")  # type: ignore[arg-type]

    monkeypatch.setattr("lambdas.smoke_test.endpoint.client", {"sagemaker-runtime": Runtime()}.__getitem__)
    with pytest.raises(NotReady, match=r"m/v1/model.tar.gz .*: loading"):
        Endpoint("kennel", clock.now + 5).predict("m/v1/model.tar.gz", "application/x-image", b"jpeg")
    request = {
        "EndpointName": "kennel", "TargetModel": "m/v1/model.tar.gz", "ContentType": "application/x-image",
        "Accept": "application/json", "CustomAttributes": "format=full", "Body": b"jpeg",
    }  # fmt: skip
    assert asked == [request, request] and clock.now == 105.0
