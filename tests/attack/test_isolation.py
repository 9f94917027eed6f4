"""What code that the local cloud runs finds of the machine, compared with what the cloud says about itself."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from localcloud import ImageCommand, LocalCloud

PROWLER = Path(__file__).with_name("prowler.py")
ROLE = "arn:aws:iam::123456789012:role/job"
SECRET = "a-secret-of-the-shell"
SERVER = """
import http.server, json, os, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import prowler
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def do_POST(self):
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.do_GET()
        self.wfile.write(json.dumps(prowler.prowl(**event)).encode())
http.server.HTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A home with credentials, a process of the same user with a secret, and a server on the loopback."""
    home = tmp_path_factory.mktemp("home")
    (home / ".aws").mkdir()
    (home / ".aws" / "credentials").write_text(f"[default]\naws_secret_access_key = {SECRET}\n")
    with pytest.MonkeyPatch.context() as patch, socket.create_server(("127.0.0.1", 0)) as server:
        patch.setenv("HOME", str(home))
        patch.setenv("MY_TOKEN", SECRET)
        canary = subprocess.Popen(["sleep", "600"], env={"PATH": os.environ["PATH"], "MY_TOKEN": SECRET})
        yield {"home": str(home), "canary": str(canary.pid), "port": str(server.getsockname()[1])}
        canary.kill()
        canary.wait()


@pytest.fixture(scope="module")
def cloud(machine: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    code = tmp_path_factory.mktemp("server")
    (code / "serve.py").write_text(SERVER)
    (code / "prowler.py").write_text(PROWLER.read_text())
    images = [
        ImageCommand("*", "training", given=True),
        ImageCommand("*", "serving", (sys.executable, str(code / "serve.py")), given=True),
    ]
    with LocalCloud(root=tmp_path_factory.mktemp("state"), images=images) as running:
        yield running


def zipped(files: dict[str, str]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return data.getvalue()


def wait(condition: Callable[[], Any], seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "the condition was not met in time"
        time.sleep(0.05)
    return found


def found_in_log(cloud: LocalCloud, group: str) -> Any:
    events = cloud.cloud.client("logs").filter_log_events(logGroupName=group)["events"]
    return next((json.loads(e["message"][6:]) for e in events if e["message"].startswith("FOUND ")), None)


def as_a_job(cloud: LocalCloud, machine: dict[str, str], *, isolated: bool = False) -> Any:
    s3, sagemaker = cloud.cloud.client("s3"), cloud.cloud.client("sagemaker")
    s3.create_bucket(Bucket="prowlers")
    s3.put_object(Bucket="prowlers", Key="code/prowler.py", Body=PROWLER.read_bytes())
    name = f"prowler-{isolated}".lower()
    command = ["python", "/opt/ml/input/data/code/prowler.py", *machine.values()]
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://prowlers/code/"}}
    sagemaker.create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={"TrainingImage": "x", "TrainingInputMode": "File", "ContainerEntrypoint": command},
        InputDataConfig=[{"ChannelName": "code", "DataSource": source}],
        RoleArn=ROLE,
        OutputDataConfig={"S3OutputPath": "s3://prowlers/out"},
        ResourceConfig={"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 60},
        EnableNetworkIsolation=isolated,
    )
    final = ("Completed", "Failed")
    wait(lambda: sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"] in final)
    events = cloud.cloud.client("logs").filter_log_events(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=name
    )["events"]
    return json.loads(next(e["message"][6:] for e in events if e["message"].startswith("FOUND ")))


def as_a_function(cloud: LocalCloud, machine: dict[str, str]) -> Any:
    client = cloud.cloud.client("lambda")
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = cloud.cloud.client("iam").create_role(
        RoleName="prowler", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]["Arn"]
    code = {"ZipFile": zipped({"prowler.py": PROWLER.read_text()})}
    client.create_function(
        FunctionName="prowler", Role=role, Code=code, Handler="prowler.handler", Runtime="python3.12", Timeout=30
    )
    return json.loads(client.invoke(FunctionName="prowler", Payload=json.dumps(machine))["Payload"].read())


def as_an_endpoint(cloud: LocalCloud, machine: dict[str, str]) -> Any:
    sagemaker = cloud.cloud.client("sagemaker")
    sagemaker.create_model(ModelName="prowler", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "x"})
    variant = {"VariantName": "v", "ModelName": "prowler", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName="prowler", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="prowler", EndpointConfigName="prowler")
    wait(lambda: sagemaker.describe_endpoint(EndpointName="prowler")["EndpointStatus"] == "InService")
    runtime = cloud.cloud.client("sagemaker-runtime")
    return json.loads(runtime.invoke_endpoint(EndpointName="prowler", Body=json.dumps(machine))["Body"].read())


def as_a_build(cloud: LocalCloud, machine: dict[str, str]) -> Any:
    s3, codebuild = cloud.cloud.client("s3"), cloud.cloud.client("codebuild")
    s3.create_bucket(Bucket="built")
    arguments = " ".join(machine.values())
    buildspec = f"version: 0.2\nphases: {{build: {{commands: ['python3 prowler.py {arguments}']}}}}"
    s3.put_object(
        Bucket="built", Key="source.zip", Body=zipped({"buildspec.yml": buildspec, "prowler.py": PROWLER.read_text()})
    )
    codebuild.create_project(
        name="prowler",
        source={"type": "S3", "location": "built/source.zip"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={"type": "LINUX_CONTAINER", "image": "x", "computeType": "BUILD_GENERAL1_SMALL"},
        serviceRole=ROLE,
    )
    build = codebuild.start_build(projectName="prowler")["build"]["id"]
    wait(lambda: codebuild.batch_get_builds(ids=[build])["builds"][0]["buildStatus"] != "IN_PROGRESS")
    return found_in_log(cloud, "/aws/codebuild/prowler")


@pytest.mark.parametrize("run", [as_a_job, as_a_function, as_an_endpoint, as_a_build])
def test_what_a_prowler_finds_is_what_the_cloud_says(
    run: Callable[..., Any], cloud: LocalCloud, machine: dict[str, str]
) -> None:
    found = run(cloud, machine)
    sentence = (cloud.cloud.root / "isolation.txt").read_text()
    assert SECRET not in json.dumps(found["own environment"]), "an environment of its own, on every machine"
    assert not {"MY_TOKEN", "SHELL", "AWS_PROFILE"} & set(found["own environment"])
    seen = [
        name for name in ("credentials", "environment of the canary", "other environments") if SECRET in found[name]
    ]
    if sentence.startswith("Isolated:"):
        assert seen == []
        assert found["home"] in ([], "refused: No such file or directory")
        assert found["signal"] == "refused: No such process"
        assert found["write"] == []
    else:
        assert sentence.startswith("Not isolated:")
        assert "read your files, your credentials and the environments of your processes" in sentence
        assert "credentials" in seen
    assert ("reach the network" in sentence) == (found["host"] == "connected") or not sentence.startswith("Isolated:")


def test_a_job_with_network_isolation_reaches_nothing(cloud: LocalCloud, machine: dict[str, str]) -> None:
    found = as_a_job(cloud, machine, isolated=True)
    assert found["host"].startswith("refused") == cloud.cloud.processes.support.network
    assert not {name for name in found["own environment"] if name.startswith("AWS_") and "KEY" in name}


def test_the_users_own_files_are_out_of_sight_only_in_the_view(cloud: LocalCloud, machine: dict[str, str]) -> None:
    """The prowler finds everything where it is let: what it does not find elsewhere is hidden, and not missed."""
    out = subprocess.run(
        [sys.executable, str(PROWLER), *machine.values()], capture_output=True, text=True, check=True
    ).stdout
    found = json.loads(out.removeprefix("FOUND "))
    assert SECRET in found["credentials"]
    assert found["signal"] == "sent"
    assert (found["host"], machine["home"] in found["write"]) == ("connected", True)
    if sys.platform.startswith("linux"):
        assert SECRET in found["environment of the canary"]


def test_nothing_of_the_cloud_listens_beyond_the_loopback(cloud: LocalCloud, machine: dict[str, str]) -> None:
    keeper = psutil.Process(os.getpid())
    families = [keeper, *keeper.children(recursive=True)]
    listening = [
        connection.laddr.ip
        for process in families
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening
    assert set(listening) <= {"127.0.0.1", "::1"}
