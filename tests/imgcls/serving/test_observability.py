"""What the server logs: access lines, prediction records and metrics, without image bytes."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path

from server_process import ServerProcess
from tiny_artifact import picture

from imgcls.contract.serving import ENDPOINT_METRICS, METRIC_NAMESPACE, MODEL_METRICS, OTHER_MODELS, REFUSALS_METRIC
from imgcls.serving.log import LineLog
from imgcls.serving.metrics import MAX_VALUES, Metrics

MAX_LINE_CHARS = 2000


def test_access_lines_and_prediction_records(tmp_path: Path, colours: Path) -> None:
    with ServerProcess(tmp_path / "log", KENNEL_ENDPOINT_NAME="kennel") as server:
        server.load("m", colours)
        headers = {"Content_Type": "image/jpeg", "X_Amzn_SageMaker_Target_Model": "a" * 5000, "X_Request_Id": "id-1"}
        version = server.call("POST", "/models/m/invoke", picture("blue"), **headers).json["version"]
        server.call("POST", "/models/m/invoke", b"\xff\xd8 not an image", Content_Type="image/jpeg")
        server.stop()
        lines = server.log.read_text().splitlines()
        assert max(map(len, lines)) < MAX_LINE_CHARS
        (prediction,) = server.log_records("prediction")
        good, bad = [record for record in server.log_records("access") if record["path"].endswith("invoke")]
        refused = [record for record in map(json.loads, filter(_is_emf, lines)) if REFUSALS_METRIC in record]
    assert (prediction["request_id"], prediction["model"], prediction["version"]) == ("id-1", "colours", version)
    assert prediction["top"][0][0][0] == "blue"
    assert -10.1 < prediction["energy"][0] < -9.9
    assert (good["status"], good["bytes_in"], good["target_model"]) == (200, len(picture("blue")), "a" * 256)
    assert (bad["status"], bad["error"]) == (400, "not_an_image")
    assert [(record["Code"], record[REFUSALS_METRIC]) for record in refused] == [("not_an_image", 1)]


def test_custom_attributes_say_the_version_and_the_request_of_the_log_line(server: ServerProcess) -> None:
    header = "x-amzn-sagemaker-custom-attributes"
    reply = server.predict("colours", picture("blue"), "top_k=1;request=order-17")
    assert reply.headers[header] == f"version={reply.headers['x-model-version']};request=order-17"
    made = server.predict("colours", picture("blue"), "request=two words").headers[header]
    request = made.partition("request=")[2]
    refused = server.predict("colours", b"text", "request=order-18")
    assert refused.headers[header] == "request=order-18" and refused.json["message"].endswith(" (request order-18)")
    time.sleep(0.3)
    lines = {record["request_id"]: record["status"] for record in server.log_records("access")}
    assert lines["order-17"] == 200 and lines["order-18"] == 400 and lines[request] == 200
    assert {"order-17", request} <= {record["request_id"] for record in server.log_records("prediction")}


def _is_emf(line: str) -> bool:
    return line.startswith('{"_aws"')


def test_metrics_are_in_the_embedded_format(server: ServerProcess) -> None:
    server.predict("colours", picture())
    time.sleep(1.5)
    records = [json.loads(line) for line in server.log.read_text().splitlines() if _is_emf(line)]
    names: dict[tuple[str, ...], set[str]] = {}
    for record in records:
        (directive,) = record["_aws"]["CloudWatchMetrics"]
        (dimensions,) = directive["Dimensions"]
        assert directive["Namespace"] == METRIC_NAMESPACE
        assert record["EndpointName"] == "test"
        assert abs(record["_aws"]["Timestamp"] / 1000 - time.time()) < 3600
        metrics = {definition["Name"] for definition in directive["Metrics"]}
        assert metrics | set(dimensions) | {"_aws"} == set(record)
        names.setdefault(tuple(dimensions), set()).update(metrics)
    assert names["EndpointName", "ModelName"] == set(MODEL_METRICS)
    assert {"QueueTime", "DecodeTime", "InferTime", "ModelLoads"} <= names["EndpointName",] <= set(ENDPOINT_METRICS)


def test_models_beyond_the_limit_share_one_name() -> None:
    metrics = Metrics("e", max_models=2)
    for number in range(5):
        metrics.invocation(f"m{number}", 0.001, failed=number == 4)
    lines = {line["ModelName"]: line for line in metrics.flush()}
    assert set(lines) == {"m0", "m1", OTHER_MODELS}
    assert (lines[OTHER_MODELS]["Invocations"], lines[OTHER_MODELS]["Errors"]) == (3, 1)


def test_many_times_become_quantiles_with_both_extremes() -> None:
    metrics = Metrics("e", max_models=1)
    for milliseconds in range(1000):
        metrics.invocation("m", milliseconds / 1000, failed=False)
    (line,) = metrics.flush()
    assert len(line["Latency"]) == MAX_VALUES
    assert (line["Latency"][0], line["Latency"][-1]) == (0, 999)
    assert line["Invocations"] == 1000
    assert list(metrics.flush()) == []


def test_without_an_endpoint_name_there_are_no_metrics() -> None:
    metrics = Metrics("", max_models=1)
    metrics.unloaded()
    assert list(metrics.flush()) == []


class _StuckStream(io.StringIO):
    def __init__(self) -> None:
        super().__init__()
        self.is_stuck = True

    def write(self, text: str) -> int:
        while self.is_stuck:
            time.sleep(0.01)
        return super().write(text)


def test_a_blocked_log_drops_lines_and_counts_them(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("imgcls.serving.log.MAX_WAITING", 10)
    stream = _StuckStream()
    log = LineLog(stream)
    log.write({"n": 0})
    time.sleep(0.2)
    start = time.monotonic()
    for number in range(1, 31):
        log.write({"n": number})
    assert time.monotonic() - start < 1
    stream.is_stuck = False
    log.close()
    records = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert {"type": "log", "dropped_lines": 20} in records
    assert [record["n"] for record in records if "n" in record] == list(range(11))
