"""InvokeEndpoint: target models, loading and unloading, errors, limits, metrics."""

import datetime
import io
import tarfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from localcloud.sagemaker.containers.model_archive import UnsafeArchive, unpack


@pytest.fixture(scope="module")
def endpoint(hosting):
    return hosting.endpoint()


def error_of(call):
    with pytest.raises(ClientError) as raised:
        call()
    return raised.value.response


def test_binary_bodies_headers_and_attributes_pass_in_both_directions(hosting, endpoint):
    hosting.archive("dogs/1/model.tar.gz", answer="dog")
    hosting.archive("cats/1/model.tar.gz", answer="cat")
    response, body = hosting.invoke(endpoint, "dogs/1/model.tar.gz", CustomAttributes="top_k=5")
    assert (body["answer"], body["bytes"]) == ("dog", 3)
    assert (body["type"], body["accept"]) == ("image/jpeg", "application/json")
    assert body["seen"] == {
        "X-Amzn-SageMaker-Custom-Attributes": "top_k=5",
        "X-Amzn-SageMaker-Target-Model": "dogs/1/model.tar.gz",
    }
    assert (response["ContentType"], response["CustomAttributes"]) == ("application/json", "from-the-model")
    assert response["InvokedProductionVariant"] == "AllTraffic"
    assert hosting.answer(endpoint, "cats/1/model.tar.gz") == "cat"
    assert hosting.answer(endpoint, "/dogs/1/model.tar.gz") == "dog"


def test_an_overwritten_key_is_served_from_the_cache_until_the_fleet_is_replaced(hosting):
    endpoint = hosting.endpoint()
    hosting.archive("stable.tar.gz", answer="old")
    assert hosting.answer(endpoint, "stable.tar.gz") == "old"
    hosting.archive("stable.tar.gz", answer="new")
    assert hosting.answer(endpoint, "stable.tar.gz") == "old"
    hosting.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=hosting.config())
    hosting.settled(endpoint)
    assert hosting.answer(endpoint, "stable.tar.gz") == "new"


def test_missing_and_broken_target_models_are_refused(hosting, endpoint):
    missing = error_of(lambda: hosting.invoke(endpoint, "none.tar.gz"))
    assert (missing["Error"]["Code"], missing["ResponseMetadata"]["HTTPStatusCode"]) == ("ValidationError", 400)
    assert missing["Error"]["Message"].startswith(
        "Failed to download model data(bucket: artifacts, key: models/none.tar.gz)."
    )
    assert "TargetModel is required" in error_of(lambda: hosting.invoke(endpoint))["Error"]["Message"]
    hosting.s3.put_object(Bucket="artifacts", Key="models/text.tar.gz", Body=b"no archive")
    broken = error_of(lambda: hosting.invoke(endpoint, "text.tar.gz"))
    assert "Failed to extract model data archive" in broken["Error"]["Message"]
    hosting.archive("text.tar.gz", answer="mended")
    assert hosting.answer(endpoint, "text.tar.gz") == "mended"
    outside = error_of(lambda: hosting.invoke(endpoint, "../../secret.tar.gz"))
    assert "Failed to download model data" in outside["Error"]["Message"]


def test_no_other_header_of_the_container_reaches_the_caller(hosting, endpoint):
    hosting.archive("headers.tar.gz", answer=1)
    response, _ = hosting.invoke(endpoint, "headers.tar.gz")
    assert set(response) == {
        "ResponseMetadata", "ContentType", "InvokedProductionVariant", "CustomAttributes", "Body"
    }  # fmt: skip
    headers = response["ResponseMetadata"]["HTTPHeaders"]
    assert "the caller of an endpoint never sees this" not in headers.values()


@pytest.mark.parametrize("attributes", ["x" * 1025, "caf\u00e9"])
def test_custom_attributes_beyond_the_services_limit_are_refused(hosting, endpoint, attributes):
    hosting.archive("attributes.tar.gz", attributes=attributes)
    failed = error_of(lambda: hosting.invoke(endpoint, "attributes.tar.gz"))
    assert failed["Error"]["Code"] == "ModelError" and "1024 visible US-ASCII" in failed["OriginalMessage"]
    hosting.archive("plain.tar.gz", answer=1)
    asked = "x" * 1025 if len(attributes) > 1000 else "a\x7fb"
    refused = error_of(lambda: hosting.invoke(endpoint, "plain.tar.gz", CustomAttributes=asked))
    assert refused["Error"]["Code"] == "ValidationError" and "'customAttributes'" in refused["Error"]["Message"]


@pytest.mark.parametrize("status", [400, 503])
def test_errors_of_the_container_are_model_errors(hosting, endpoint, status):
    hosting.archive(f"bad-{status}.tar.gz", status=status, answer="no")
    failed = error_of(lambda: hosting.invoke(endpoint, f"bad-{status}.tar.gz"))
    assert (failed["Error"]["Code"], failed["ResponseMetadata"]["HTTPStatusCode"]) == ("ModelError", 424)
    side = "client" if status == 400 else "server"
    assert f"Received {side} error ({status}) from primary" in failed["Error"]["Message"]
    assert failed["OriginalStatusCode"] == status
    assert '"answer": "no"' in failed["OriginalMessage"]
    assert f":log-group:/aws/sagemaker/Endpoints/{endpoint}:log-stream:AllTraffic/i-" in failed["LogStreamArn"]


def test_a_model_that_does_not_load_and_one_that_does_not_answer(hosting, endpoint):
    hosting.archive("unloadable.tar.gz", load_status=500)
    failed = error_of(lambda: hosting.invoke(endpoint, "unloadable.tar.gz"))
    assert (failed["Error"]["Code"], failed["OriginalStatusCode"]) == ("ModelError", 500)
    assert failed["OriginalMessage"] == "cannot load this"
    hosting.archive("slow.tar.gz", invoke_seconds=4)
    failed = error_of(lambda: hosting.invoke(endpoint, "slow.tar.gz"))
    assert (failed["Error"]["Code"], failed["OriginalStatusCode"]) == ("ModelError", 0)
    assert "timed out while waiting for a response" in failed["Error"]["Message"]


def test_a_slow_cold_load_continues_after_the_error(hosting, endpoint):
    hosting.archive("large.tar.gz", answer="large", load_seconds=3.5)
    waiting = error_of(lambda: hosting.invoke(endpoint, "large.tar.gz"))
    assert waiting["Error"]["Code"] == "ModelNotReadyException"
    assert waiting["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert hosting.answer(endpoint, "large.tar.gz") == "large"  # loading finishes while the second request waits


def test_least_recently_used_models_make_room(hosting):
    endpoint = hosting.endpoint(environment={"MAX_MODELS": "2"})
    for name in "abc":
        hosting.archive(f"lru-{name}.tar.gz", answer=name)
    for name in "abaca":  # c replaces b, as a was used more recently
        assert hosting.answer(endpoint, f"lru-{name}.tar.gz") == name
    await_flush()
    assert statistic(hosting, endpoint, "ModelCacheHit", "Sum") == 2  # a the second time, a the last time
    assert statistic(hosting, endpoint, "ModelUnloadingTime", "SampleCount") == 1
    assert statistic(hosting, endpoint, "LoadedModelCount", "Maximum", "/aws/sagemaker/Endpoints") == 2


def test_a_container_without_memory_for_one_model_is_a_model_error(hosting):
    endpoint = hosting.endpoint(environment={"MAX_MODELS": "0"})
    hosting.archive("m.tar.gz", answer=1)
    failed = error_of(lambda: hosting.invoke(endpoint, "m.tar.gz"))
    assert (failed["Error"]["Code"], failed["OriginalStatusCode"]) == ("ModelError", 507)


def test_models_are_unloaded_after_each_request_when_caching_is_off(hosting):
    endpoint = hosting.endpoint(
        Mode="MultiModel", ModelDataUrl="s3://artifacts/models/", MultiModelConfig={"ModelCacheSetting": "Disabled"}
    )
    hosting.archive("m.tar.gz", answer=1)
    assert [hosting.answer(endpoint, "m.tar.gz") for _ in range(2)] == [1, 1]
    await_flush()
    assert statistic(hosting, endpoint, "ModelUnloadingTime", "SampleCount") == 2


def test_many_requests_at_once_load_a_model_once(hosting):
    endpoint = hosting.endpoint(environment={"MAX_MODELS": "2"})
    for number in range(4):
        hosting.archive(f"many-{number}.tar.gz", answer=number, load_seconds=0.05)
    gate = threading.Barrier(16)

    def ask(number):
        gate.wait()
        return [hosting.answer(endpoint, f"many-{(number + step) % 4}.tar.gz") for step in range(3)]

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(ask, range(16)))
    assert answers == [[(number + step) % 4 for step in range(3)] for number in range(16)]


def test_bodies_are_accepted_up_to_the_limit(hosting, endpoint):
    hosting.archive("m.tar.gz", answer=1)
    limit = 6_291_456
    assert hosting.invoke(endpoint, "m.tar.gz", body=b"x" * limit)[1]["bytes"] == limit
    refused = error_of(lambda: hosting.invoke(endpoint, "m.tar.gz", body=b"x" * (limit + 1)))
    assert f"less than or equal to {limit}" in refused["Error"]["Message"]


def test_what_is_not_emulated_is_refused_by_name(hosting, endpoint):
    refused = error_of(lambda: hosting.invoke(endpoint, "m.tar.gz", TargetContainerHostname="c"))
    assert "does not emulate sagemaker-runtime:InvokeEndpoint with TargetContainerHostname" in str(refused)
    refused = error_of(lambda: hosting.runtime.invoke_endpoint_with_response_stream(EndpointName=endpoint, Body=b"x"))
    assert "does not emulate sagemaker-runtime:InvokeEndpointWithResponseStream" in str(refused)
    refused = error_of(lambda: hosting.runtime.invoke_endpoint_async(EndpointName=endpoint, InputLocation="s3://b/k"))
    assert "does not emulate sagemaker-runtime:InvokeEndpointAsync" in str(refused)
    assert "Variant other not found" in str(
        error_of(lambda: hosting.invoke(endpoint, "m.tar.gz", TargetVariant="other"))
    )


def await_flush():
    """Wait until the metrics are sent, which happens once per second."""
    time.sleep(1.3)


def statistic(hosting, endpoint, name, statistic_, namespace="AWS/SageMaker"):
    """A statistic over the last minutes."""
    now = datetime.datetime.now(datetime.UTC)
    found = hosting.cloud.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[
            {"Name": "EndpointName", "Value": endpoint},
            {"Name": "VariantName", "Value": "AllTraffic"},
        ],
        StartTime=now - datetime.timedelta(minutes=5),
        EndTime=now + datetime.timedelta(minutes=1),
        Period=3600,
        Statistics=[statistic_],
    )["Datapoints"]
    values = [point[statistic_] for point in found]
    return max(values) if statistic_ == "Maximum" else sum(values)


def test_metrics_are_counts_and_microseconds(hosting):
    endpoint = hosting.endpoint(instances=2)
    hosting.archive("timed.tar.gz", answer=1, invoke_seconds=0.1, load_seconds=0.1)
    hosting.archive("refused.tar.gz", status=400)
    for _ in range(2):
        hosting.invoke(endpoint, "timed.tar.gz")
    error_of(lambda: hosting.invoke(endpoint, "refused.tar.gz"))
    await_flush()
    assert statistic(hosting, endpoint, "Invocations", "Sum") == 3
    assert statistic(hosting, endpoint, "InvocationsPerInstance", "Sum") == 1.5
    assert statistic(hosting, endpoint, "Invocation4XXErrors", "Sum") == 1
    assert statistic(hosting, endpoint, "Invocation5XXErrors", "Sum") == 0
    assert 100_000 < statistic(hosting, endpoint, "ModelLatency", "Maximum") < 1_000_000
    assert 100_000 < statistic(hosting, endpoint, "ModelLoadingTime", "Maximum") < 1_000_000
    assert statistic(hosting, endpoint, "ModelLoadingWaitTime", "SampleCount") == 3
    for resource in ("Memory", "Disk"):
        assert 0 < statistic(hosting, endpoint, f"{resource}Utilization", "Maximum", "/aws/sagemaker/Endpoints") < 100
    assert statistic(hosting, endpoint, "ModelDownloadingTime", "SampleCount") == 2  # once per fleet


def archive_of(path, *members):
    with tarfile.open(path, "w:gz") as files:
        for name, kind, content in members:
            info = tarfile.TarInfo(name)
            info.type = kind
            info.size = len(content)
            info.linkname = "/etc/passwd" if kind != tarfile.REGTYPE else ""
            files.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        (("../out", tarfile.REGTYPE, b"x"), "leads outside"),
        (("a/../../out", tarfile.REGTYPE, b"x"), "leads outside"),
        (("/out", tarfile.REGTYPE, b"x"), "leads outside"),
        (("link", tarfile.SYMTYPE, b""), "neither a file nor a folder"),
        (("link", tarfile.LNKTYPE, b""), "neither a file nor a folder"),
        (("device", tarfile.CHRTYPE, b""), "neither a file nor a folder"),
        (("pipe", tarfile.FIFOTYPE, b""), "neither a file nor a folder"),
        (("big", tarfile.REGTYPE, b"x" * 200), "more than 100 bytes"),
    ],
)
def test_unsafe_archives_are_refused(tmp_path, member, reason):
    path = archive_of(tmp_path / "a.tar.gz", ("good", tarfile.REGTYPE, b"fine"), member)
    with pytest.raises(UnsafeArchive, match=reason):
        unpack(path, tmp_path / "out-folder", 100)
    assert not (tmp_path / "out").exists()


def test_archives_of_plain_files_are_unpacked(tmp_path):
    path = archive_of(tmp_path / "a.tar.gz", ("./x/y", tarfile.REGTYPE, b"deep"), ("./z", tarfile.REGTYPE, b"top"))
    unpack(path, tmp_path / "folder", 100)
    assert (tmp_path / "folder/x/y").read_bytes() == b"deep"
    assert (tmp_path / "folder/z").read_bytes() == b"top"
