"""Golden images through the endpoint."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest
from botocore.exceptions import ClientError

from imgcls.contract.evaluation import GOLDEN_MAX_BYTES, Golden
from lambdas.common import endpoints
from lambdas.common.errors import NotReady, Refused
from lambdas.smoke_test import endpoint as endpoint_module
from lambdas.smoke_test.comparison import SmokeTestFailed, check
from lambdas.smoke_test.environment import Environment
from lambdas.smoke_test.handler import handler
from tests.lambdas.conftest import Account, Call

GOLDEN = Golden("0.jpg", "cat", "cat", (0.9, 0.1))
ANSWER = {"version": "v1", "label": "cat", "probabilities": [0.9, 0.1]}
EVENT = {"target_model": "m/v1/model.tar.gz"}
FOLDER = "models/m/v1/golden/"


@pytest.mark.parametrize("probabilities", [[0.9, 0.1], [0.881, 0.119]])
def test_an_answer_within_the_tolerance_passes(probabilities: list[float]) -> None:
    check(GOLDEN, {**ANSWER, "probabilities": probabilities}, "v1")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"version": "v0"}, "version v0 answered instead of v1"),
        ({"label": "dog"}, "the endpoint predicts dog, the evaluation predicted cat"),
        ({"probabilities": [0.87, 0.13]}, "differs by 0.0300"),
        ({"probabilities": [float("nan"), 0.1]}, "differs by nan"),
        ({"probabilities": [1.0]}, "answers with 1 probabilities, the evaluation had 2"),
    ],
)
def test_another_answer_fails_and_names_the_difference(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SmokeTestFailed, match=words):
        check(GOLDEN, {**ANSWER, **changes}, "v1")


class Services:
    """SageMaker and its runtime: `statuses` and `answers` are used in order, the last one repeatedly."""

    def __init__(self, statuses: list[Any], answers: list[Any]) -> None:
        self.statuses, self.answers = statuses, answers
        self.requests: list[dict[str, Any]] = []
        self.extra: dict[str, str] = {}

    def describe_endpoint(self, EndpointName: str) -> dict[str, str] | None:
        status = self._next(self.statuses)
        if status is None:
            raise error("ValidationException", "Could not find endpoint x", "DescribeEndpoint")
        return {"EndpointStatus": status}

    def invoke_endpoint(self, **request: bytes | str) -> dict[str, Any] | None:
        self.requests.append(request)
        answer = self._next(self.answers)
        if isinstance(answer, Exception):
            raise answer
        return {"Body": io.BytesIO(json.dumps(answer).encode()), **self.extra}

    @staticmethod
    def _next(values: list[Any]) -> Any:
        return values.pop(0) if len(values) > 1 else values[0]


def error(code: str, message: str, operation: str = "InvokeEndpoint") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


@pytest.fixture
def call(aws: Account, function: Call, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    aws.s3.put_object(Bucket=aws.artifacts, Key=f"{FOLDER}expected.json", Body=json.dumps([asdict(GOLDEN)]))
    aws.s3.put_object(Bucket=aws.artifacts, Key=f"{FOLDER}0.jpg", Body=b"jpeg")
    monkeypatch.setattr("lambdas.smoke_test.endpoint.time.sleep", lambda seconds: None)

    def run(
        statuses: list[Any], answers: Any = (ANSWER,), max_wait_seconds: int = 60, **extra: str
    ) -> tuple[Any, ...] | None:
        services = Services(list(statuses), list(answers))
        services.extra = extra
        for module in (endpoints, endpoint_module):
            monkeypatch.setattr(module, "client", lambda name: services)
        return function(handler, Environment(aws.artifacts, "kennel", max_wait_seconds), EVENT), services

    return run


def test_the_staged_key_is_asked_with_the_image(call: Callable[..., Any]) -> None:
    answer, services = call(["InService"])
    assert answer == {"on": True, "tested": 1, "note": "1 golden images were answered as in the evaluation"}
    [request] = services.requests
    assert (request["TargetModel"], request["Body"]) == ("m/v1/model.tar.gz", b"jpeg")
    assert request["CustomAttributes"] == "format=full"


def test_the_version_that_answered_is_read_from_custom_attributes(call: Callable[..., Any]) -> None:
    assert call(["InService"], CustomAttributes="version=v1;request=r-1")[0]["tested"] == 1
    with pytest.raises(SmokeTestFailed, match=r"0.jpg \(request r-7\): version v0 answered instead of v1"):
        call(["InService"], CustomAttributes="version=v0;request=r-7")


OFF = "the endpoint kennel is switched off: `kennel endpoint on` turns it on, tests this version and publishes it"


@pytest.mark.parametrize("statuses", [[None], ["Deleting"], ["Creating", None]])
def test_an_endpoint_that_is_switched_off_tests_nothing(call: Callable[..., Any], statuses: list[Any]) -> None:
    answer, services = call(statuses)
    assert answer == {"on": False, "tested": 0, "note": OFF}
    assert services.requests == []


@pytest.mark.parametrize("later", [None, "Deleting"])
@pytest.mark.parametrize(
    "failure",
    [
        ("ValidationError", "Endpoint kennel of account 123456789012 not found."),
        ("ModelError", "Received server error (500)"),
    ],
)
def test_an_endpoint_that_is_switched_off_during_the_test_knows_nothing_about_the_version(
    call: Callable[..., Any], later: str | None, failure: tuple[str, str]
) -> None:
    answer, services = call(["InService", later], [error("ThrottlingException", "slowly"), error(*failure)])
    assert answer == {"on": False, "tested": 0, "note": OFF}
    assert len(services.requests) == 2


def test_without_golden_images_nothing_counts_as_tested(call: Callable[..., Any], aws: Account) -> None:
    aws.s3.put_object(Bucket=aws.artifacts, Key=f"{FOLDER}expected.json", Body=b"[]")
    with pytest.raises(SmokeTestFailed, match="lists no golden images: nothing was tested"):
        call(["InService"])


@pytest.mark.parametrize("code", ["ModelNotReadyException", "ServiceUnavailable", "ThrottlingException"])
def test_a_cold_or_busy_model_is_waited_for(call: Callable[..., Any], code: str) -> None:
    answer, services = call(["InService"], [error(code, "loading"), error(code, "loading"), ANSWER])
    assert answer["tested"] == 1 and len(services.requests) == 3


def test_a_starting_endpoint_is_waited_for(call: Callable[..., Any]) -> None:
    assert call(["Creating", "Creating", "InService"])[0]["tested"] == 1


def test_waiting_ends(call: Callable[..., Any]) -> None:
    with pytest.raises(NotReady, match=r"m/v1/model.tar.gz still does not answer: loading"):
        call(["InService"], [error("ModelNotReadyException", "loading")], max_wait_seconds=0)


def test_a_failed_endpoint_is_an_error(call: Callable[..., Any]) -> None:
    with pytest.raises(NotReady, match="is Failed"):
        call(["Failed"])


def test_a_model_that_does_not_answer_is_an_error(call: Callable[..., Any]) -> None:
    with pytest.raises(ClientError, match="ModelError"):
        call(["InService"], [error("ModelError", "Received server error (500)")])


def test_a_golden_image_that_no_request_can_carry_is_refused_before_it_is_sent(
    call: Callable[..., Any], aws: Account
) -> None:
    aws.s3.put_object(Bucket=aws.artifacts, Key=FOLDER + "0.jpg", Body=bytes(GOLDEN_MAX_BYTES + 1))
    with pytest.raises(Refused, match=r"golden/0.jpg is larger than the 4,194,304 bytes"):
        call(["InService"], [AssertionError("it is not sent")])
