"""Stopping the local cloud ends all jobs and their processes."""

import subprocess
import sys
import textwrap


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
                    "ContainerEntrypoint": ["bash", "-c", "trap '' TERM; echo $$ > ~/pid; sleep 300 & sleep 300"],
                },
                ProcessingResources={
                    "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
                },
                RoleArn="arn:aws:iam::123456789012:role/job",
            )
        pid_file = cloud.cloud.root / "processing-jobs/running/algo-1/work/pid"
        while not pid_file.exists() or not pid_file.read_text():
            time.sleep(0.02)
        print(pid_file.read_text())
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
    group, seconds = done.stdout.split()
    assert float(seconds) < 20  # far below the 120 seconds that a stopped job would get
    listed = subprocess.run(["ps", "-eo", "pgid=,stat="], capture_output=True, text=True, check=True).stdout
    alive = [line for line in listed.splitlines() if line.split()[0] == group and not line.split()[1].startswith("Z")]
    assert alive == []
    assert not (tmp_path / "processing-jobs" / "waiting").exists()
