"""Jobs with several instances: what each host gets, how their outputs are merged, how they end."""

import json
import time

import pytest

from .job_helpers import BUCKET, channel, members, wait, wait_until

TWO = {"InstanceCount": 2, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}


@pytest.fixture
def run_shell(sagemaker, shell_request):
    """(name, shell line, fields) -> the describe answer of the ended job of two instances."""

    def create_and_wait(name, line, **fields):
        sagemaker.create_training_job(**shell_request(name, line, ResourceConfig=TWO, **fields))
        return wait(lambda: sagemaker.describe_training_job(TrainingJobName=name), "TrainingJobStatus")

    return create_and_wait


def streams(client, group, job):
    """Name of a log stream without its timestamp -> its lines."""
    logs = client("logs")
    names = [
        stream["logStreamName"]
        for stream in logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{job}/")["logStreams"]
    ]
    return {
        name.rpartition("-")[0]: [
            event["message"] for event in logs.get_log_events(logGroupName=group, logStreamName=name)["events"]
        ]
        for name in names
    }


HOST = (
    '$(python -c \'import json; print(json.load(open("/opt/ml/input/config/resourceconfig.json"))["current_host"])\')'
)


LEAVES_FILES = """
import json, os, pathlib
base = pathlib.Path(os.environ["SM_MODEL_DIR"]).parent
host = os.environ["SM_CURRENT_HOST"]
print(*sorted(os.listdir(os.environ["SM_CHANNEL_SHARDED"])), len(os.listdir(os.environ["SM_CHANNEL_WHOLE"])), sep="-")
print(host, os.environ["SM_HOSTS"])
print("validation:accuracy=0.5;")
(base / "model/weights").write_text(host)
(base / f"model/rank-{host}").write_text(host)
(base / f"output/data/of-{host}").write_text("o")
(base / f"checkpoints/of-{host}").write_text("c")
"""


def test_hosts_know_each_other_share_sharded_channels_and_upload_one_model(sagemaker, training_request, s3, client):
    for number in range(5):
        s3.put_object(Bucket=BUCKET, Key=f"shards/{number}", Body=b"x")
    sharded = channel("sharded", "shards/")
    sharded["DataSource"]["S3DataSource"]["S3DataDistributionType"] = "ShardedByS3Key"
    request = training_request(
        "two-hosts",
        LEAVES_FILES,
        ResourceConfig=TWO,
        channels=[sharded, channel("whole", "shards/")],
        CheckpointConfig={"S3Uri": f"s3://{BUCKET}/two-hosts/checkpoints"},
    )
    sagemaker.create_training_job(**request)
    job = wait(lambda: sagemaker.describe_training_job(TrainingJobName="two-hosts"), "TrainingJobStatus")
    assert job["TrainingJobStatus"] == "Completed", job
    logs = streams(client, "/aws/sagemaker/TrainingJobs", "two-hosts")
    assert {"0-2-4-5", '127.0.0.1 ["127.0.0.1","127.0.0.2"]'} <= set(logs["two-hosts/algo-1"])
    assert {"1-3-5", '127.0.0.2 ["127.0.0.1","127.0.0.2"]'} <= set(logs["two-hosts/algo-2"])
    assert members(s3, job["ModelArtifacts"]["S3ModelArtifacts"]) == {
        "rank-127.0.0.1": b"127.0.0.1",
        "rank-127.0.0.2": b"127.0.0.2",
        "weights": b"127.0.0.1",  # the first host's, as both have a file of this name
    }
    assert set(members(s3, f"s3://{BUCKET}/out/two-hosts/output/output.tar.gz")) == {"of-127.0.0.1", "of-127.0.0.2"}
    found = s3.list_objects_v2(Bucket=BUCKET, Prefix="two-hosts/checkpoints/")["Contents"]
    assert [entry["Key"].rpartition("/")[2] for entry in found] == ["of-127.0.0.1", "of-127.0.0.2"]


def test_one_failing_host_fails_the_job_with_its_reason_and_ends_the_others(run_shell):
    started = time.monotonic()
    job = run_shell("second-fails", f'[ {HOST} = 127.0.0.1 ] && exec sleep 60; echo "no memory left"; exit 3')
    assert job["FailureReason"] == "AlgorithmError: no memory left, exit code: 3"
    assert time.monotonic() - started < 10


def test_the_reason_comes_from_the_host_that_failed_first_even_if_another_ends_first(run_shell):
    both = f'[ {HOST} = 127.0.0.1 ] && sleep 0.3 && echo "lost the other" && exit 1; '
    job = run_shell(
        "fail-together", both + 'echo "Traceback (most recent call last)"; echo "no memory"; sleep 0.6; exit 2'
    )
    assert job["FailureReason"].endswith("no memory, exit code: 2")


def test_trials_of_several_instances(sagemaker, training_request):
    source = (
        "import os; print('validation:accuracy=0.5;' if os.environ['SM_CURRENT_HOST'] == '127.0.0.1' else 'second')"
    )
    definition = training_request("two-host-trials", source, ResourceConfig=TWO)
    static = definition.pop("HyperParameters")
    del definition["TrainingJobName"]
    sagemaker.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName="two-host-trials",
        HyperParameterTuningJobConfig={
            "Strategy": "Grid",
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "validation:accuracy"},
            "ResourceLimits": {"MaxParallelTrainingJobs": 2},
            "ParameterRanges": {"CategoricalParameterRanges": [{"Name": "lr", "Values": ["0.1"]}]},
        },
        TrainingJobDefinition={"StaticHyperParameters": static, **definition},
    )
    job = wait(
        lambda: sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName="two-host-trials"),
        "HyperParameterTuningJobStatus",
    )
    best = job["BestTrainingJob"]
    assert best["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] == pytest.approx(0.5)
    trial = sagemaker.describe_training_job(TrainingJobName=best["TrainingJobName"])
    assert trial["ResourceConfig"]["InstanceCount"] == 2


def test_stop_reaches_every_host(sagemaker, s3, client, shell_request):
    line = f"host={HOST}; trap 'echo saved > /opt/ml/model/$host; exit 0' TERM; echo ready; sleep 60 & wait"
    sagemaker.create_training_job(**shell_request("stop-both", line, ResourceConfig=TWO))

    def describe():
        return sagemaker.describe_training_job(TrainingJobName="stop-both")

    wait_until(describe, lambda job: job["SecondaryStatus"] == "Training")
    wait_until(
        lambda: streams(client, "/aws/sagemaker/TrainingJobs", "stop-both"),
        lambda logs: len(logs) == 2 and all("ready" in lines for lines in logs.values()),
    )
    sagemaker.stop_training_job(TrainingJobName="stop-both")
    job = wait(describe, "TrainingJobStatus")
    assert job["TrainingJobStatus"] == "Stopped"
    assert set(members(s3, job["ModelArtifacts"]["S3ModelArtifacts"])) == {"127.0.0.1", "127.0.0.2"}


def test_a_job_of_more_instances_than_slots_runs_alone(run_shell, sagemaker, shell_request):
    three = {**TWO, "InstanceCount": 3}
    for name in ("three-hosts", "three-more"):
        sagemaker.create_training_job(**shell_request(name, "sleep 0.3", ResourceConfig=three))
    first, second = (
        wait(lambda name=name: sagemaker.describe_training_job(TrainingJobName=name), "TrainingJobStatus")
        for name in ("three-hosts", "three-more")
    )
    assert first["TrainingJobStatus"] == second["TrainingJobStatus"] == "Completed"
    assert second["TrainingStartTime"] >= first["TrainingEndTime"]


def test_processing_hosts_share_a_sharded_input_and_one_output(sagemaker, s3, client):
    for number in range(3):
        s3.put_object(Bucket=BUCKET, Key=f"in/sharded/{number}", Body=b"x")
    source = {"S3Uri": f"s3://{BUCKET}/in/sharded/", "LocalPath": "/opt/ml/processing/input", "S3DataType": "S3Prefix"}
    target = {"S3Uri": f"s3://{BUCKET}/made/sharded", "LocalPath": "/opt/ml/processing/output"}
    line = (
        "cp /opt/ml/processing/input/* /opt/ml/processing/output; cd /opt/ml; cat config/resourceconfig.json; "
        'if grep -q \'"current_host": "algo-2"\' config/resourceconfig.json; then echo second > output/message; fi'
    )
    sagemaker.create_processing_job(
        ProcessingJobName="two-processors",
        AppSpecification={"ImageUri": "registry/jobs:1", "ContainerEntrypoint": ["sh", "-c", line]},
        ProcessingInputs=[
            {
                "InputName": "data",
                "S3Input": {**source, "S3InputMode": "File", "S3DataDistributionType": "ShardedByS3Key"},
            }
        ],
        ProcessingOutputConfig={
            "Outputs": [{"OutputName": "made", "S3Output": {**target, "S3UploadMode": "EndOfJob"}}]
        },
        ProcessingResources={"ClusterConfig": TWO},
        RoleArn="arn:aws:iam::123456789012:role/job",
    )
    job = wait(lambda: sagemaker.describe_processing_job(ProcessingJobName="two-processors"), "ProcessingJobStatus")
    assert (job["ProcessingJobStatus"], job["ExitMessage"]) == ("Completed", "second\n")
    assert len(s3.list_objects_v2(Bucket=BUCKET, Prefix="made/sharded/")["Contents"]) == 3
    logs = streams(client, "/aws/sagemaker/ProcessingJobs", "two-processors")
    assert json.loads(logs["two-processors/algo-2"][0]) == {"current_host": "algo-2", "hosts": ["algo-1", "algo-2"]}


REDUCES = """
import os, pathlib
import torch
import torch.distributed as dist
dist.init_process_group("gloo")
total = torch.tensor([float(dist.get_rank() + 1)])
dist.all_reduce(total)
print(f"rank {dist.get_rank()} of {dist.get_world_size()} sees {total.item()}", flush=True)
print("port", os.environ["MASTER_PORT"], flush=True)
if dist.get_rank() == 0:
    pathlib.Path(os.environ["SM_MODEL_DIR"], "total").write_text(str(total.item()))
dist.destroy_process_group()
"""


@pytest.mark.slow  # two processes that import torch, twice
def test_torchrun_connects_the_hosts_of_a_job_on_a_port_of_their_own(sagemaker, s3, client, training_request):
    request = training_request(
        "torchrun", REDUCES, ResourceConfig=TWO, HyperParameters={"sagemaker_torch_distributed_enabled": "true"}
    )
    sagemaker.create_training_job(**request)
    job = wait(lambda: sagemaker.describe_training_job(TrainingJobName="torchrun"), "TrainingJobStatus", 120)
    assert job["TrainingJobStatus"] == "Completed", job["FailureReason"]
    assert members(s3, job["ModelArtifacts"]["S3ModelArtifacts"]) == {"total": b"3.0"}
    lines = [line for lines in streams(client, "/aws/sagemaker/TrainingJobs", "torchrun").values() for line in lines]
    ports = {line for line in lines if line.startswith("port ")}
    assert len(ports) == 1 and ports != {"port 7777"}
