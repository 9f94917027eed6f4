"""Objects, clients, logs and the endpoint, as all functions use them."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambdas.common import clients, endpoints, s3
from lambdas.common.errors import NotReady, Refused, StaleComparison
from lambdas.common.log import logged


def error(code: str, message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


class Failing:
    """Any operation fails."""

    def __init__(self, error: ClientError) -> None:
        self.error = error

    def __getattr__(self, _: str) -> Any:
        def fail(**_: Any) -> None:
            raise self.error

        return fail


def test_an_object_is_read_with_its_etag(aws: Any) -> None:
    etag = aws.s3.put_object(Bucket=aws.data, Key="k", Body=b"[1]")["ETag"]
    assert s3.read(aws.data, "k") == (b"[1]", etag)
    assert (s3.read_bytes(aws.data, "k"), s3.read_text(aws.data, "k"), s3.read_json(aws.data, "k")) == (
        b"[1]",
        "[1]",
        [1],
    )
    assert s3.exists(aws.data, "k")
    found = s3.head(aws.data, "k")
    assert found and found["ContentLength"] == 3


def test_an_object_that_is_not_there_is_none_or_named(aws: Any) -> None:
    assert s3.read(aws.data, "k") is None and s3.head(aws.data, "k") is None and not s3.exists(aws.data, "k")
    for read in (s3.read_bytes, s3.read_text, s3.read_json):
        with pytest.raises(FileNotFoundError, match=f"s3://{aws.data}/k does not exist"):
            read(aws.data, "k")


@pytest.mark.parametrize("call", [s3.read, s3.head, s3.exists])
def test_another_error_is_not_an_absence(monkeypatch: pytest.MonkeyPatch, call: Any) -> None:
    monkeypatch.setattr(s3, "client", lambda service: Failing(error("AccessDenied")))
    with pytest.raises(ClientError, match="AccessDenied"):
        call("bucket", "k")


def test_json_is_written_the_same_way_each_time(aws: Any) -> None:
    s3.write_json(aws.data, "k", {"b": 1, "a": [2]})
    found = aws.s3.get_object(Bucket=aws.data, Key="k")
    assert found["Body"].read() == b'{\n "a": [\n  2\n ],\n "b": 1\n}\n' and found["ContentType"] == "application/json"


def test_folders_are_those_right_below_a_prefix(aws: Any) -> None:
    for key in ("d/b/1", "d/a/x/1", "d/.hidden/1", "d/file", "d/boX/1", "other/c/1"):
        aws.s3.put_object(Bucket=aws.data, Key=key, Body=b"x")
    assert s3.folders(aws.data, "d/") == ["a", "b", "boX"]
    assert s3.folders(aws.data, "e/") == []


def test_an_empty_marker_is_not_content(aws: Any) -> None:
    assert not s3.has_objects(aws.data, "d/")
    aws.s3.put_object(Bucket=aws.data, Key="d/", Body=b"")
    assert not s3.has_objects(aws.data, "d/")
    aws.s3.put_object(Bucket=aws.data, Key="d/z", Body=b"x")
    assert s3.has_objects(aws.data, "d/") and not s3.has_objects(aws.data, "e/")


def test_only_a_few_objects_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}
    service = SimpleNamespace(list_objects_v2=lambda **request: asked.update(request) or {})
    monkeypatch.setattr(s3, "client", lambda _: service)
    assert not s3.has_objects("b", "p/")
    assert 1 < asked.pop("MaxKeys") < 100 and asked == {"Bucket": "b", "Prefix": "p/"}


def test_a_client_is_made_once_and_gives_up_in_time(aws: Any) -> None:
    client = clients.client("s3")
    assert clients.client("s3") is client and clients.client("sagemaker") is not client
    assert client.meta.config.retries == {"mode": "standard", "total_max_attempts": 6}
    # A cold model may take the endpoint a minute; a function has more.
    assert (client.meta.config.connect_timeout, client.meta.config.read_timeout) == (5, 70)


def test_an_endpoint_that_is_switched_off_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    described = {"EndpointStatus": "InService"}
    services = {"sagemaker": SimpleNamespace(describe_endpoint=lambda EndpointName: described)}
    monkeypatch.setattr(endpoints, "client", services.__getitem__)
    assert endpoints.describe("kennel") == described
    services["sagemaker"] = Failing(error("ValidationException", 'Could not find endpoint "x".'))  # type: ignore[assignment]
    assert endpoints.describe("kennel") is None
    services["sagemaker"] = Failing(error("AccessDeniedException"))  # type: ignore[assignment]
    with pytest.raises(ClientError, match="AccessDenied"):
        endpoints.describe("kennel")


def test_statuses_are_the_services_words() -> None:
    assert (endpoints.CREATING, endpoints.IN_SERVICE) == ("Creating", "InService")
    assert endpoints.CHANGING == ("Updating", "SystemUpdating", "RollingBack")


def test_errors_are_what_a_state_machine_and_a_command_tell_apart() -> None:
    assert issubclass(Refused, ValueError) and issubclass(StaleComparison, Refused)
    assert issubclass(NotReady, RuntimeError)


def test_an_end_is_logged_with_the_request_and_its_time(capsys: pytest.CaptureFixture[str]) -> None:
    @logged
    def handler(event: dict[str, Any], context: Any) -> Any:
        """Does something."""
        return {"secret": event}

    assert handler({"a": 1}, SimpleNamespace(aws_request_id="r-1")) == {"secret": {"a": 1}}
    assert (handler.__name__, handler.__doc__) == ("handler", "Does something.")
    line = json.loads(capsys.readouterr().out)
    assert 0 <= line.pop("seconds") < 5 and line == {"message": "done", "request": "r-1"}


def test_a_call_without_a_context_is_logged_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    logged(lambda event, context: None)({}, None)
    assert json.loads(capsys.readouterr().out)["request"] == ""


def test_a_failure_is_logged_with_the_request_and_its_time(capsys: pytest.CaptureFixture[str]) -> None:
    @logged
    def handler(event: dict[str, Any], context: Any) -> Any:
        raise Refused("change it")

    with pytest.raises(Refused):
        handler({}, SimpleNamespace(aws_request_id="r-1"))
    line = json.loads(capsys.readouterr().out)
    assert 0 <= line.pop("seconds") < 5
    assert line == {"message": "failed", "request": "r-1", "error": "Refused", "reason": "change it"}
