"""Training jobs: a script's inputs and outputs, and all the ways in which it can end."""

import importlib.util
import io
import os
import time
import zipfile

import psutil
import pytest
from botocore.exceptions import ClientError

from .job_helpers import BUCKET, channel, members, wait, wait_until

LOG_GROUP = "/aws/sagemaker/TrainingJobs"


@pytest.fixture
def run(sagemaker, training_request):
    """(name, source, fields) -> the describe answer of the ended job."""

    def create_and_wait(name, source, **fields):
        sagemaker.create_training_job(**training_request(name, source, **fields))
        return wait(lambda: sagemaker.describe_training_job(TrainingJobName=name), "TrainingJobStatus")

    return create_and_wait


@pytest.fixture
def run_shell(sagemaker, shell_request):
    """(name, shell line, fields) -> the describe answer of the ended job."""

    def create_and_wait(name, line, **fields):
        sagemaker.create_training_job(**shell_request(name, line, **fields))
        return wait(lambda: sagemaker.describe_training_job(TrainingJobName=name), "TrainingJobStatus")

    return create_and_wait


def log_lines(client, job_name):
    """The job's log so far: one stream, which appears with the script's first line."""
    logs = client("logs")
    streams = logs.describe_log_streams(logGroupName=LOG_GROUP, logStreamNamePrefix=f"{job_name}/algo-1-")
    names = [stream["logStreamName"] for stream in streams["logStreams"]]
    assert len(names) <= 1
    events = logs.get_log_events(logGroupName=LOG_GROUP, logStreamName=names[0])["events"] if names else []
    return [event["message"] for event in events]


LISTED = """
import os, subprocess
listed = subprocess.run(["nvidia-smi", "--list-gpus"], capture_output=True, text=True)
assert (listed.returncode, "GPU " in listed.stdout) == (6, False)
print(os.environ["SM_NUM_GPUS"], os.environ["SM_CURRENT_INSTANCE_TYPE"], repr(os.environ["CUDA_VISIBLE_DEVICES"]))
"""


@pytest.mark.parametrize(("kind", "num_lines"), [("ml.g5.12xlarge", 1), ("ml.p5.48xlarge", 1), ("ml.m5.large", 0)])
def test_a_job_of_a_gpu_type_sees_none_and_its_log_says_so(run, client, kind, num_lines):
    name = kind.replace(".", "-")
    job = run(name, LISTED, ResourceConfig={"InstanceCount": 1, "InstanceType": kind, "VolumeSizeInGB": 10})
    assert job["TrainingJobStatus"] == "Completed", job
    lines = log_lines(client, name)
    assert f"0 {kind} ''" in lines
    said = [line for line in lines if line.startswith("localcloud: ")]
    assert len(said) == num_lines and all(f"{kind} has GPUs in AWS; here the job sees 0" in line for line in said)


def test_a_job_gets_channels_and_hyperparameters_and_produces_metrics_logs_and_artifacts(run, s3, client):
    s3.put_object(Bucket=BUCKET, Key="data/train/deep/a.txt", Body=b"pixels")
    started = time.monotonic()
    job = run(
        "succeeds",
        """
        import json, os, pathlib, sys
        train = pathlib.Path(os.environ["SM_CHANNEL_TRAIN"])
        assert (train / "deep/a.txt").read_text() == "pixels"
        assert sys.argv[1:] == ["--lr", "0.1", "--paths", str(train) + ":/usr/opt/ml"], sys.argv
        assert os.environ["TRAINING_JOB_NAME"] == "succeeds" and os.environ["COLOUR"] == "red"
        for epoch in range(3):
            print(f"epoch={epoch}; validation:accuracy={0.3 * epoch + 0.1:.2f};")
        print("validation:accuracy=none;")
        pathlib.Path(os.environ["SM_MODEL_DIR"], "weights").write_text("w")
        pathlib.Path(os.environ["SM_OUTPUT_DATA_DIR"], "metrics.jsonl").write_text("m")
        """,
        channels=[channel("train", "data/train")],
        HyperParameters={"lr": "0.1", "paths": "/opt/ml/input/data/train:/usr/opt/ml"},
        Environment={"COLOUR": "red"},
        Tags=[{"Key": "project", "Value": "kennel"}],
    )
    elapsed = time.monotonic() - started
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Completed", job
    assert elapsed < 20  # 1 s on a machine that has nothing else to do
    assert [step["Status"] for step in job["SecondaryStatusTransitions"]] == [
        "Starting",
        "Downloading",
        "Training",
        "Uploading",
        "Completed",
    ]
    assert all(step["StartTime"] <= step["EndTime"] for step in job["SecondaryStatusTransitions"])
    [metric] = job["FinalMetricDataList"]
    assert (metric["MetricName"], metric["Value"]) == ("validation:accuracy", pytest.approx(0.7))
    assert job["HyperParameters"]["paths"] == "/opt/ml/input/data/train:/usr/opt/ml"
    assert job["TrainingStartTime"] < job["TrainingEndTime"]
    assert job["BillableTimeInSeconds"] == job["TrainingTimeInSeconds"] >= 1
    assert members(s3, job["ModelArtifacts"]["S3ModelArtifacts"]) == {"weights": b"w"}
    assert members(s3, f"s3://{BUCKET}/out/succeeds/output/output.tar.gz") == {"metrics.jsonl": b"m"}
    assert "epoch=2; validation:accuracy=0.70;" in log_lines(client, "succeeds")
    statistics = client("cloudwatch").get_metric_statistics(
        Namespace=LOG_GROUP,
        MetricName="validation:accuracy",
        Dimensions=[{"Name": "TrainingJobName", "Value": "succeeds"}],
        StartTime=job["CreationTime"].timestamp() - 60,
        EndTime=time.time() + 60,
        Period=3600,
        Statistics=["Maximum", "SampleCount"],
    )
    assert sum(point["SampleCount"] for point in statistics["Datapoints"]) == 3
    assert max(point["Maximum"] for point in statistics["Datapoints"]) == pytest.approx(0.7)


def test_a_script_that_raises_fails_the_job_with_its_error_and_its_output_is_uploaded(run, s3):
    job = run(
        "raises",
        """
        import os, pathlib
        pathlib.Path(os.environ["SM_OUTPUT_DATA_DIR"], "debug.jsonl").write_text("d")
        print("x" * 5000)
        raise ValueError("learning rate 7 exploded")
        """,
    )
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Failed", "Failed")
    reason = job["FailureReason"]
    assert reason.startswith("AlgorithmError: ExecuteUserScriptError:")
    assert "ValueError: learning rate 7 exploded" in reason
    assert reason.endswith(", exit code: 1")
    assert len(reason) <= 1024
    assert "ModelArtifacts" not in job
    assert members(s3, f"s3://{BUCKET}/out/raises/output/output.tar.gz") == {"debug.jsonl": b"d"}


def test_a_script_that_is_killed_fails_the_job_with_the_shells_exit_code(run):
    # The toolkit is killed with it, so nothing writes a failure file.
    job = run("killed", "import os, signal; print('before', flush=True); os.killpg(0, signal.SIGKILL)")
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == "AlgorithmError: before, exit code: 137"


def test_a_channel_without_objects_fails_the_job(run):
    job = run("no-data", "print('never')", channels=[channel("train", "nothing/here/")])
    assert job["FailureReason"] == (
        f"ClientError: Data download failed:S3 key: s3://{BUCKET}/nothing/here/ matched no files on s3"
    )
    assert [step["Status"] for step in job["SecondaryStatusTransitions"]] == ["Starting", "Downloading", "Failed"]


def test_an_image_missing_from_the_table_fails_the_job_by_name(sagemaker, training_request):
    request = training_request("no-image", "print('never')")
    request["AlgorithmSpecification"]["TrainingImage"] = "registry/tensorflow:1"
    sagemaker.create_training_job(**request)
    job = wait(lambda: sagemaker.describe_training_job(TrainingJobName="no-image"), "TrainingJobStatus")
    assert job["TrainingJobStatus"] == "Failed"
    assert "registry/tensorflow:1" in job["FailureReason"]


STOPPABLE = """
import os, pathlib, signal, sys, time
def save(*_):
    pathlib.Path(os.environ["SM_MODEL_DIR"], "weights").write_text("saved on SIGTERM")
    sys.exit(0)
signal.signal(signal.SIGTERM, save)
print("ready to be stopped")
time.sleep(60)
"""


def test_stop_gives_the_script_time_to_save_and_uploads_what_it_saved(sagemaker, s3, client, training_request):
    sagemaker.create_training_job(**training_request("stopped", STOPPABLE))

    def describe():
        return sagemaker.describe_training_job(TrainingJobName="stopped")

    wait_until(describe, lambda job: job["SecondaryStatus"] == "Training")
    wait_until(lambda: log_lines(client, "stopped"), lambda lines: "ready to be stopped" in lines)
    sagemaker.stop_training_job(TrainingJobName="stopped")
    assert describe()["TrainingJobStatus"] in ("Stopping", "Stopped")
    job = wait(describe, "TrainingJobStatus")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert members(s3, job["ModelArtifacts"]["S3ModelArtifacts"]) == {"weights": b"saved on SIGTERM"}
    with pytest.raises(ClientError, match="in status Stopped"):
        sagemaker.stop_training_job(TrainingJobName="stopped")


def test_max_runtime_stops_the_job(run_shell, s3):
    line = "trap 'echo saved > /opt/ml/model/weights; exit 0' TERM; sleep 60 & wait"
    job = run_shell("too-long", line, StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert members(s3, job["ModelArtifacts"]["S3ModelArtifacts"]) == {"weights": b"saved\n"}


def test_a_script_may_save_when_the_program_that_started_it_is_gone(run_shell, s3):
    """AWS's toolkit starts the script, and SIGTERM, which reaches both, ends the toolkit at once."""
    save = "trap 'sleep 1; echo saved > /opt/ml/model/weights; exit 0' TERM; while :; do sleep 0.1; done"
    job = run_shell("orphaned", f"({save}) & wait", StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert members(s3, job["ModelArtifacts"]["S3ModelArtifacts"]) == {"weights": b"saved\n"}


def test_checkpoints_are_restored_at_start_and_synced_for_the_next_job(run_shell, s3):
    line = 'cd "$CHECKPOINTS" && touch epoch-$(ls | wc -l)'
    checkpoints = {"S3Uri": f"s3://{BUCKET}/checkpoints", "LocalPath": "/opt/ml/checkpoints"}
    for name in ("checkpoint-1", "checkpoint-2"):
        job = run_shell(name, line, CheckpointConfig=checkpoints, Environment={"CHECKPOINTS": "/opt/ml/checkpoints"})
        assert job["TrainingJobStatus"] == "Completed", job
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET, Prefix="checkpoints/")["Contents"]]
    assert keys == ["checkpoints/epoch-0", "checkpoints/epoch-1"]


def test_an_isolated_job_has_no_credentials_and_no_endpoint(run_shell, client):
    line = "env | grep -E '^AWS_(.*KEY.*|SESSION_TOKEN|ENDPOINT_URL)=' | wc -l"
    for name, isolated, num_leads in (("isolated", True, "0"), ("connected", False, "4")):
        job = run_shell(name, line, EnableNetworkIsolation=isolated)
        assert job["TrainingJobStatus"] == "Completed", job
        assert job["EnableNetworkIsolation"] is isolated
        assert log_lines(client, name) == [num_leads]


def test_an_isolated_job_has_no_network_but_its_own_loopback(run, client, local_cloud):
    if not local_cloud.cloud.processes.support.network:
        pytest.skip("this machine does not let its users make network namespaces")
    port = local_cloud.url.rpartition(":")[2]
    job = run(
        "cut-off",
        f"""
        import os, socket
        server = socket.create_server(("localhost", 0))
        socket.create_connection(server.getsockname())
        print("devices", [line.split(":")[0].strip() for line in open("/proc/net/dev") if ":" in line], flush=True)
        try:
            socket.create_connection(("localhost", {port}))
        except ConnectionRefusedError:
            print("unreachable", os.getuid())
        """,
        EnableNetworkIsolation=True,
    )
    assert job["TrainingJobStatus"] == "Completed", job
    assert {"devices ['lo']", f"unreachable {os.getuid()}"} <= set(log_lines(client, "cut-off"))


def test_an_isolated_job_whose_program_is_missing_fails_like_any_other(run, sagemaker, training_request):
    request = training_request("cut-off-nothing", "", EnableNetworkIsolation=True)
    request["AlgorithmSpecification"]["ContainerEntrypoint"] = ["no-such-program"]
    sagemaker.create_training_job(**request)
    job = wait(lambda: sagemaker.describe_training_job(TrainingJobName="cut-off-nothing"), "TrainingJobStatus")
    assert job["FailureReason"] == "AlgorithmError: no-such-program: No such file or directory, exit code: 127"


def test_names_are_unique_and_unknown_names_are_not_found(run_shell, sagemaker, shell_request):
    run_shell("unique", "true")
    with pytest.raises(sagemaker.exceptions.ResourceInUse, match=r"must be unique.*training-job/unique"):
        sagemaker.create_training_job(**shell_request("unique", "true"))
    with pytest.raises(ClientError, match=r"\(ValidationException\).*Requested resource not found"):
        sagemaker.describe_training_job(TrainingJobName="never-was")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"EnableManagedSpotTraining": True}, "Invalid MaxWaitTimeInSeconds. It must be present"),
        ({"DebugHookConfig": {"S3OutputPath": "s3://b/d"}}, "does not emulate DebugHookConfig"),
        (
            {"ResourceConfig": {"InstanceCount": 9, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}},
            "does not emulate ResourceConfig.InstanceCount 9: use at most 8",
        ),
        (
            {"ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.tiny", "VolumeSizeInGB": 1}},
            "1 validation error detected: Value 'ml.tiny' at 'resourceConfig.instanceType' failed to satisfy "
            "constraint: Member must satisfy enum value set",
        ),
        (
            {
                "ResourceConfig": {
                    "InstanceCount": 1,
                    "InstanceType": "ml.g5.xlarge",
                    "VolumeSizeInGB": 1,
                    "VolumeKmsKeyId": "k",
                }
            },
            "local storage",
        ),
        ({"TrainingJobName": "-x"}, "must satisfy regular expression pattern"),
        ({"HyperParameters": {"x": "two\nlines"}}, "Member must satisfy regular expression pattern: .*"),
        ({"HyperParameters": {"x": "v" * 2501}}, "Member must have length less than or equal to 2500"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 1, "MaxWaitTimeInSeconds": 2}}, "MaxWaitTimeInSeconds"),
    ],
)
def test_requests_that_cannot_run_as_requested_are_refused_by_name(sagemaker, training_request, change, message):
    request = {**training_request("refused", "pass"), **change}
    with pytest.raises(ClientError) as refused:
        sagemaker.create_training_job(**request)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert message in refused.value.response["Error"]["Message"]


def test_lists_filter_sort_and_page(run_shell, sagemaker):
    for name in ("listed-a", "listed-b", "listed-c"):
        run_shell(name, "false" if name == "listed-b" else "true")
    answer = sagemaker.list_training_jobs(NameContains="listed", SortBy="Name", SortOrder="Descending", MaxResults=2)
    assert [job["TrainingJobName"] for job in answer["TrainingJobSummaries"]] == ["listed-c", "listed-b"]
    rest = sagemaker.list_training_jobs(NameContains="listed", NextToken=answer["NextToken"], MaxResults=2)
    assert len(rest["TrainingJobSummaries"]) == 1
    failed = sagemaker.list_training_jobs(NameContains="listed", StatusEquals="Failed")["TrainingJobSummaries"]
    assert [job["TrainingJobName"] for job in failed] == ["listed-b"]


def test_tags_of_jobs_and_of_other_resources_are_kept_apart(run_shell, sagemaker):
    arn = run_shell("tagged", "true", Tags=[{"Key": "a", "Value": "1"}])["TrainingJobArn"]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}])
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["b"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "2"}]
    model = sagemaker.create_model(
        ModelName="tagged",
        PrimaryContainer={"Image": "registry/serving:1", "ModelDataUrl": "s3://b/model.tar.gz"},
        ExecutionRoleArn="arn:aws:iam::123456789012:role/role-of-model",
        Tags=[{"Key": "m", "Value": "1"}],
    )
    assert sagemaker.list_tags(ResourceArn=model["ModelArn"])["Tags"] == [{"Key": "m", "Value": "1"}]


def test_jobs_run_concurrently_up_to_the_limit(sagemaker, shell_request, local_cloud):
    names = [f"side-{index}" for index in range(3)]
    for name in names:
        sagemaker.create_training_job(**shell_request(name, "sleep 2"))
    jobs = [
        wait(lambda name=name: sagemaker.describe_training_job(TrainingJobName=name), "TrainingJobStatus")
        for name in names
    ]
    moments = [(job["TrainingStartTime"], 1) for job in jobs] + [(job["TrainingEndTime"], -1) for job in jobs]
    running = most = 0
    for _, change in sorted(moments):
        running += change
        most = max(most, running)
    assert most == local_cloud.cloud.max_jobs == 2


def test_processes_that_a_script_leaves_running_end_with_the_job(run_shell, client):
    run_shell("leaves-a-child", "sleep 300.25 & echo child $!; setsid sleep 301.25 & echo child $!")
    assert len([line for line in log_lines(client, "leaves-a-child") if line.startswith("child")]) == 2
    commands = [process.info["cmdline"] for process in psutil.process_iter(["cmdline"])]
    assert not [command for command in commands if command in (["sleep", "300.25"], ["sleep", "301.25"])]


def test_requirements_are_installed_for_that_job_only(run, s3):
    name, metadata = "mini-1.0-py3-none-any.whl", "mini-1.0.dist-info"
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("mini.py", "ANSWER = 42")
        file.writestr(f"{metadata}/METADATA", "Metadata-Version: 2.1\nName: mini\nVersion: 1.0\n")
        file.writestr(f"{metadata}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{metadata}/RECORD", f"mini.py,,\n{metadata}/METADATA,,\n{metadata}/WHEEL,,\n")
    s3.put_object(Bucket=BUCKET, Key=f"data/wheels/{name}", Body=wheel.getvalue())
    job = run(
        "requirements",
        "import mini, os; assert mini.ANSWER == 42 and mini.__file__.startswith(os.environ['HOME']), mini.__file__",
        files={"requirements.txt": f"../input/data/wheels/{name}"},
        channels=[channel("wheels", "data/wheels")],
    )
    assert job["TrainingJobStatus"] == "Completed", job["FailureReason"]
    assert importlib.util.find_spec("mini") is None
