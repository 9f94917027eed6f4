"""A local cloud in which a job, an endpoint, a build and a function run, each with a process that sleeps.

usage: python napping_cloud.py STATE_DIRECTORY ENVIRONMENT [no-view]     (of the function's detached child, as JSON)
"""

from __future__ import annotations

import io
import json
import os
import sys
import time
import traceback
import zipfile
from typing import Any

from localcloud import Cloud, ImageCommand, LocalCloud
from localcloud.isolation.support import Support

NAP = "604.25"
"""Seconds that everything here sleeps: by them it is found."""
ROLE = "arn:aws:iam::123456789012:role/any"
SERVER = f"""
import http.server, os, subprocess
subprocess.Popen(["sleep", "{NAP}"])
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()
"""
FUNCTION = f"""
import os, time
def handler(event, context):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execve("/bin/sleep", ["sleep", "{NAP}"], dict(event))
        os._exit(0)
    time.sleep(60)
"""
BUILDSPEC = f"version: 0.2\nphases: {{build: {{commands: [sleep {NAP}]}}}}"


def zipped(name: str, text: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(name, text)
    return data.getvalue()


def start_job_and_endpoint(sagemaker: Any) -> None:
    size = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
    command = ["bash", "-c", f"setsid sleep {NAP} & sleep {NAP}"]
    sagemaker.create_processing_job(
        ProcessingJobName="job",
        RoleArn=ROLE,
        AppSpecification={"ImageUri": "x", "ContainerEntrypoint": command},
        ProcessingResources={"ClusterConfig": size},
    )
    sagemaker.create_model(ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": "x"})
    variant = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName="e", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="e")


def start_build(cloud: Cloud) -> None:
    s3, builds = cloud.client("s3"), cloud.client("codebuild")
    s3.create_bucket(Bucket="sources")
    s3.put_object(Bucket="sources", Key="source.zip", Body=zipped("buildspec.yml", BUILDSPEC))
    builds.create_project(
        name="napping",
        source={"type": "S3", "location": "sources/source.zip"},
        artifacts={"type": "NO_ARTIFACTS"},
        serviceRole=ROLE,
        environment={"type": "LINUX_CONTAINER", "image": "x", "computeType": "BUILD_GENERAL1_SMALL"},
    )
    builds.start_build(projectName="napping")


def start_function(cloud: Cloud, event: str) -> None:
    allow = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    role = cloud.client("iam").create_role(RoleName="napping", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    client = cloud.client("lambda")
    client.create_function(
        FunctionName="napping",
        Role=role,
        Handler="main.handler",
        Runtime="python3.12",
        Timeout=90,
        Code={"ZipFile": zipped("main.py", FUNCTION)},
    )
    client.invoke(FunctionName="napping", InvocationType="Event", Payload=event)


def main(root: str, environment: str, *options: str) -> None:
    images = [
        ImageCommand("*", "processing", given=True),
        ImageCommand("*", "serving", (sys.executable, "-c", SERVER), given=True),
    ]
    with LocalCloud(root=root, images=images) as running:
        cloud = running.cloud
        if "no-view" in options:
            cloud.processes.support = Support(reason="switched off by a test")
        start_job_and_endpoint(cloud.client("sagemaker"))
        start_build(cloud)
        start_function(cloud, environment)
        print("started", flush=True)
        time.sleep(120)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except BaseException:
        traceback.print_exc()
        os._exit(1)
