"""A local cloud that hosts the miniature container, and helpers that create endpoints and archives."""

import io
import itertools
import json
import sys
import tarfile
import time
from pathlib import Path

import pytest

from localcloud import ImageCommand, LocalCloud

ROLE = "arn:aws:iam::123456789012:role/hosting"
SERVER = str(Path(__file__).with_name("model_server.py"))
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/miniature:1"
BUCKET = "artifacts"


class Hosting:
    """Creates endpoints that run the miniature container."""

    def __init__(self, cloud):
        self.cloud = cloud
        self.sagemaker = cloud.client("sagemaker")
        self.runtime = cloud.client("sagemaker-runtime")
        self.s3 = cloud.client("s3")
        self.s3.create_bucket(Bucket=BUCKET)
        self.s3.put_object(Bucket=BUCKET, Key="models/.about", Body=b"not a model")
        self._numbers = itertools.count()

    def archive(self, key, mode="w:gz", **model):
        """Put a model archive under models/KEY."""
        content = io.BytesIO()
        text = json.dumps(model).encode()
        with tarfile.open(fileobj=content, mode=mode) as files:
            info = tarfile.TarInfo("model.json")
            info.size = len(text)
            files.addfile(info, io.BytesIO(text))
        self.s3.put_object(Bucket=BUCKET, Key=f"models/{key}", Body=content.getvalue())

    def config(self, *, instances=1, kind="ml.c7i.large", environment=None, image=IMAGE, **container):
        """A new endpoint configuration with a new model."""
        name = f"version-{next(self._numbers)}"
        default = {"Mode": "MultiModel", "ModelDataUrl": f"s3://{BUCKET}/models/"}
        definition = {"Image": image, "Environment": environment or {}, **(container or default)}
        self.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=definition)
        variant = {
            "VariantName": "AllTraffic",
            "ModelName": name,
            "InstanceType": kind,
            "InitialInstanceCount": instances,
        }
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        return name

    def endpoint(self, **options):
        """The name of a new endpoint that is in service."""
        name = f"Endpoint-{next(self._numbers)}"
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=self.config(**options))
        self.settled(name)
        return name

    def settled(self, name, seconds=60):
        """The endpoint's description once no change is in progress."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            answer = self.sagemaker.describe_endpoint(EndpointName=name)
            if answer["EndpointStatus"] in ("InService", "Failed"):
                return answer
            time.sleep(0.02)
        raise AssertionError(answer)

    def gone(self, name, seconds=30):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            names = [each["EndpointName"] for each in self.sagemaker.list_endpoints(NameContains=name)["Endpoints"]]
            if name not in names:
                return True
            time.sleep(0.02)
        return False

    def invoke(self, endpoint, target=None, body=b"\xff\xd8\x00", **options):
        """The response and its parsed body."""
        if target is not None:
            options["TargetModel"] = target
        response = self.runtime.invoke_endpoint(
            EndpointName=endpoint, Body=body, ContentType="image/jpeg", Accept="application/json", **options
        )
        return response, json.loads(response["Body"].read())

    def answer(self, endpoint, target=None, **options):
        return self.invoke(endpoint, target, **options)[1]["answer"]


@pytest.fixture(scope="package")
def hosting():
    images = [ImageCommand("*/miniature:*", "serving", (sys.executable, SERVER), given=True)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOCALCLOUD_ENDPOINT_COLD_LOAD_SECONDS", "2.5")
        patch.setenv("LOCALCLOUD_ENDPOINT_INVOKE_SECONDS", "2")
        patch.setenv("LOCALCLOUD_ENDPOINT_MAX_BAKE_SECONDS", "0.5")
        with LocalCloud(images=images) as cloud:
            yield Hosting(cloud.cloud)
