"""Managed spot training: scheduled interruptions, and what a job resumes from."""

import datetime

import pytest

from localcloud import interrupt, orders
from localcloud.faults import PATH, Faults
from localcloud.sagemaker.jobs.training.record import TrainingJob

from .job_helpers import BUCKET, wait, wait_until

RESUMES = (
    "cd /opt/ml/checkpoints; echo found $(ls); [ -e saved ] && exit 0; "
    "trap 'touch saved; exit 0' TERM; echo ready; sleep 60 & wait"
)


@pytest.fixture
def create(sagemaker, shell_request):
    """(name, shell line, seconds of MaxRuntime and MaxWait) -> a function that describes the spot job it created."""

    def make(name, line=RESUMES, max_runtime=60, max_wait=60):
        request = shell_request(
            name,
            line,
            EnableManagedSpotTraining=True,
            StoppingCondition={"MaxRuntimeInSeconds": max_runtime, "MaxWaitTimeInSeconds": max_wait},
            CheckpointConfig={"S3Uri": f"s3://{BUCKET}/{name}/checkpoints"},
        )
        sagemaker.create_training_job(**request)
        return lambda: sagemaker.describe_training_job(TrainingJobName=name)

    return make


@pytest.fixture
def faults(local_cloud):
    yield local_cloud.cloud.faults
    local_cloud.cloud.faults.forget()


def log_lines(client, name):
    """The lines of all attempts."""
    events = client("logs").filter_log_events(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=f"{name}/algo-1-"
    )["events"]
    return [event["message"] for event in events]


def test_an_interrupted_job_resumes_from_its_checkpoints(faults, create, client):
    faults.interrupt("resumes*", after_line="ready", notice_seconds=5, wait_seconds=0.1)
    job = wait(create("resumes-1"), "TrainingJobStatus")
    assert job["TrainingJobStatus"] == "Completed", job
    assert log_lines(client, "resumes-1") == ["found", "ready", "found saved"]
    attempt = ["Starting", "Downloading", "Training"]
    steps = [step["Status"] for step in job["SecondaryStatusTransitions"]]
    assert steps == [*attempt, "Interrupted", *attempt, "Uploading", "Completed"]
    assert job["BillableTimeInSeconds"] < job["TrainingTimeInSeconds"]
    assert faults.waiting() == []


def test_without_notice_only_checkpoints_copied_before_survive(faults, create, client):
    faults.interrupt("killed-at-once", after_line="ready", notice_seconds=0, wait_seconds=0)
    line = "cd /opt/ml/checkpoints; echo found $(ls); touch lost; trap '' TERM; echo ready; sleep 1"
    job = wait(create("killed-at-once", line), "TrainingJobStatus")
    assert job["TrainingJobStatus"] == "Completed", job
    assert log_lines(client, "killed-at-once") == ["found", "ready", "found", "ready"]


def test_waiting_past_max_wait_stops_the_job(faults, create):
    faults.interrupt("waits", wait_seconds=60, notice_seconds=0)
    job = wait(create("waits", "sleep 60", max_runtime=1, max_wait=1), "TrainingJobStatus")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxWaitTimeExceeded")
    assert job["TrainingTimeInSeconds"] == 1


def test_a_job_that_waits_for_capacity_can_be_stopped(faults, create, sagemaker):
    faults.interrupt("stopped-waiting", wait_seconds=60, notice_seconds=0)
    describe = create("stopped-waiting", "sleep 60")
    wait_until(describe, lambda job: job["SecondaryStatus"] == "Interrupted")
    sagemaker.stop_training_job(TrainingJobName="stopped-waiting")
    job = wait(describe, "TrainingJobStatus")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")


def test_only_managed_spot_jobs_are_interrupted(faults, sagemaker, shell_request):
    faults.interrupt("*", notice_seconds=0)
    sagemaker.create_training_job(**shell_request("on-demand", "sleep 0.2"))
    job = wait(lambda: sagemaker.describe_training_job(TrainingJobName="on-demand"), "TrainingJobStatus")
    assert job["TrainingJobStatus"] == "Completed"
    assert len(faults.waiting()) == 1


def test_interruptions_are_scheduled_over_http_and_from_a_shell(faults, local_cloud, capsys):
    port = local_cloud.url.rpartition(":")[2]
    arguments = ["a-*", "--port", port, "--after-seconds", "3", "--times", "2", "--notice-seconds", "0"]
    assert interrupt.main(arguments) == 0
    assert "1 interruption is scheduled" in capsys.readouterr().out
    [order] = orders.ask(local_cloud.cloud.client, PATH)
    assert (order["job"], order["after_seconds"], order["times"], order["notice_seconds"]) == ("a-*", 3, 2, 0)
    assert interrupt.main(["b", "--port", port, "--after-line", "("]) == 1
    assert "after_line (()" in capsys.readouterr().err
    orders.send(int(port), PATH, {}, "DELETE")
    assert faults.waiting() == []
    assert interrupt.main(["a", "--port", "1"]) == 1
    assert "no local cloud answers at http://localhost:1/" in capsys.readouterr().err


def test_an_interruption_applies_to_matching_jobs_as_often_as_requested():
    faults = Faults()
    faults.interrupt("trial-*", after_seconds=2, after_line=r"epoch=[34]", times=2)
    assert faults.take("final", 9, "epoch=3") is None
    assert faults.take("trial-1", 1, "epoch=3") is None
    assert faults.take("trial-1", 9, "epoch=2") is None
    assert faults.take("trial-1", 9) is None
    assert faults.take("trial-1", 9, "epoch=3") and faults.take("trial-2", 9, "epoch=4")
    assert faults.take("trial-1", 9, "epoch=3") is None


def test_billable_time_is_training_time_minus_savings_and_excludes_waiting():
    started = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    job = TrainingJob("job", "arn", {"EnableManagedSpotTraining": True})
    job.started, job.ended = started, started + datetime.timedelta(seconds=150)
    job.waited = datetime.timedelta(seconds=50)
    job.status = "Completed"
    assert (job.describe()["TrainingTimeInSeconds"], job.describe()["BillableTimeInSeconds"]) == (100, 30)
    job.request["EnableManagedSpotTraining"] = False
    assert job.describe()["BillableTimeInSeconds"] == 100
