"""Stopping the local cloud ends all jobs and their processes."""

import subprocess
import sys
import textwrap

import psutil


def test_stopping_the_cloud_kills_running_and_waiting_jobs(tmp_path):
    # In a process of its own: a second cloud in this one is refused.
    script = """
    import sys, time
    from localcloud import ImageCommand, LocalCloud

    images = [ImageCommand("*", "processing", given=True)]
    with LocalCloud(root=sys.argv[1], images=images, max_jobs=1) as cloud:
        sagemaker = cloud.cloud.client("sagemaker")
        for name in ("running", "waiting"):
            sagemaker.create_processing_job(
                ProcessingJobName=name,
                AppSpecification={
                    "ImageUri": "image",
                    "ContainerEntrypoint": ["bash", "-c", "trap '' TERM; sleep 303.25 & touch ~/started; sleep 303.25"],
                },
                ProcessingResources={
                    "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
                },
                RoleArn="arn:aws:iam::123456789012:role/job",
            )
        while not (cloud.cloud.root / "processing-jobs/running/algo-1/work/started").exists():
            time.sleep(0.02)
        started = time.monotonic()
    print(time.monotonic() - started)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 20  # far below the 120 seconds that a stopped job would get
    commands = [process.info["cmdline"] for process in psutil.process_iter(["cmdline"])]
    assert ["sleep", "303.25"] not in commands
    assert not (tmp_path / "processing-jobs" / "waiting").exists()
