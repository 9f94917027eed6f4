"""Starting and stopping the local cloud."""

import os
import signal
import socket
import subprocess
import sys

import boto3
import pytest
from botocore.exceptions import ClientError

from localcloud import LocalCloud
from localcloud.replacement import replaced


def test_clients_of_this_process_use_the_cloud_while_it_runs(monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real")
    with LocalCloud() as cloud:
        assert boto3.client("sts").get_caller_identity()["Account"] == "123456789012"
        assert os.environ["AWS_ENDPOINT_URL"] == cloud.url
        assert "real" not in cloud.cloud.subprocess_environment().values()
        assert "AWS_PROFILE" not in os.environ
    assert os.environ["AWS_SECRET_ACCESS_KEY"] == "real"
    assert os.environ["AWS_PROFILE"] == "somebody"
    assert "AWS_ENDPOINT_URL" not in os.environ


def test_stop_forgets_the_records_and_ends_the_processes():
    with LocalCloud() as first:
        first.cloud.client("s3").create_bucket(Bucket="kept-nowhere")
        process = first.cloud.processes.start([sys.executable, "-c", "import time; time.sleep(60)"])
    assert process.poll() is not None
    with LocalCloud() as second:
        names = [bucket["Name"] for bucket in second.cloud.client("s3").list_buckets()["Buckets"]]
        assert "kept-nowhere" not in names


def test_a_second_cloud_in_one_process_is_refused():
    with LocalCloud(), pytest.raises(RuntimeError, match="stop it first"):
        LocalCloud().start()


def test_stop_runs_every_callback_newest_first_even_when_one_raises():
    seen = []
    cloud = LocalCloud().start()
    cloud.cloud.on_stop(lambda: seen.append("first"))
    cloud.cloud.on_stop(lambda: seen.append(1 / 0))
    cloud.cloud.on_stop(lambda: seen.append("last"))
    with pytest.raises(ExceptionGroup, match="did not stop cleanly"):
        cloud.stop()
    assert seen == ["last", "first"]


def test_an_operation_that_is_not_emulated_is_refused_by_name():
    with LocalCloud() as cloud, pytest.raises(ClientError, match="does not emulate sagemaker:CreateEdgePackagingJob"):
        cloud.cloud.client("sagemaker").create_edge_packaging_job(
            EdgePackagingJobName="e",
            CompilationJobName="c",
            ModelName="m",
            ModelVersion="1",
            RoleArn="arn:aws:iam::123456789012:role/role-of-nobody",
            OutputConfig={"S3OutputLocation": "s3://bucket/key"},
        )


def test_the_module_runs_in_the_foreground_until_sigterm(tmp_path, monkeypatch):
    process = subprocess.Popen(
        [sys.executable, "-m", "localcloud", "--port", "0", "--root", str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    url = process.stdout.readline().split()[-1]
    name, _, path = process.stdout.readline().strip().partition("=")
    monkeypatch.setenv(name, path)
    boto3.Session().client("s3", endpoint_url=url, region_name="us-east-1").list_buckets()
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0


@pytest.mark.parametrize(
    ("images", "sentence"),
    [
        ("missing.json", "there is no file missing.json"),
        ('[{"pattern": "*", "kind": "batch"}]', "kind must be training, processing or serving"),
    ],
)
def test_a_start_that_fails_prints_one_sentence(tmp_path, images, sentence):
    if images.startswith("["):
        (tmp_path / "images.json").write_text(images)
        images = "images.json"
    command = [sys.executable, "-m", "localcloud", "--port", "0", "--images", images]
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=paths)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_a_taken_port_raises_and_does_not_exit_the_process():
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        LocalCloud(port=taken.getsockname()[1]).start()
    with LocalCloud():
        pass  # the failed start left nothing locked


def test_moto_is_restored_after_the_cloud():
    from moto.awslambda.models import LambdaFunction
    from moto.core.config import default_user_config
    from moto.s3.models import FakeBucket, S3Backend

    def functions():
        owners = (LambdaFunction, FakeBucket, S3Backend)
        return {(owner, name): item for owner in owners for name, item in vars(owner).items() if callable(item)}

    before, settings = functions(), dict(default_user_config)
    with LocalCloud():
        assert functions() != before
    assert functions() == before
    assert default_user_config == settings


def test_replacing_a_name_that_moto_does_not_have_fails():
    class Moved:
        pass

    with pytest.raises(KeyError, match="log_incoming_request"), replaced(Moved, "log_incoming_request", None):
        pass
