"""The functions on the oldest botocore that Lambda's runtime is known to have had, in the local cloud."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from imgcls.contract.evaluation import Golden
from lambdas.stage_artifact.environment import Environment
from localcloud import LocalCloud
from localcloud.functions.packages import FOLDER_VARIABLE
from stacks.constructs.assets import function_sources
from tests.lambdas.test_stage_and_register import EVALUATION, EVENT

from .conftest import Functions

ROOT = Path(__file__).parents[3]
REQUIREMENTS = ROOT / "tests" / "lambdas" / "requirements-oldest.txt"
PACKAGES = next(ROOT.glob(".venvs/lambdas-oldest/lib/python3*/site-packages"), None)
GOLDEN = Golden("0.jpg", "rose", "rose", (1.0, 0.0))
VERSION = "import botocore\ndef handler(event, context): return botocore.__version__"


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    if PACKAGES is None:
        pytest.skip("no .venvs/lambdas-oldest: make test-oldest-botocore makes it")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(PACKAGES))
        with LocalCloud() as started:
            yield started


@pytest.fixture(scope="module")
def functions(cloud: LocalCloud) -> Functions:
    return Functions(cloud.cloud.client)


def test_a_function_gets_the_version_of_the_requirements(functions: Functions) -> None:
    functions.create("version", VERSION, Timeout=30)
    assert f"botocore=={functions.invoke('version')['Payload']}\n" in REQUIREMENTS.read_text()


def test_an_artifact_is_staged_once(cloud: LocalCloud, functions: Functions) -> None:
    s3, data = cloud.cloud.client("s3"), io.BytesIO()
    s3.create_bucket(Bucket="artifacts-bucket")
    s3.put_object(Bucket="artifacts-bucket", Key="runs/r/m/model.tar.gz", Body=b"archive")
    evaluation = json.dumps(EVALUATION.to_dict()).encode()
    s3.put_object(Bucket="artifacts-bucket", Key="runs/r/m/evaluation.json", Body=evaluation)
    s3.put_object(Bucket="artifacts-bucket", Key="runs/r/m/golden/expected.json", Body=json.dumps([asdict(GOLDEN)]))
    s3.put_object(Bucket="artifacts-bucket", Key=f"runs/r/m/golden/{GOLDEN.file}", Body=b"jpeg")
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in function_sources():
            archive.writestr(name, content)
    functions.client.create_function(
        FunctionName="stage", Role=functions.role, Code={"ZipFile": data.getvalue()}, Runtime="python3.14", Timeout=60,
        Handler="lambdas.stage_artifact.handler.handler",
        Environment={"Variables": Environment("artifacts-bucket").to_environment()},
    )  # fmt: skip
    answers = [functions.invoke("stage", EVENT)["Payload"] for _ in range(2)]
    assert [answer["copied"] for answer in answers] == [True, False], answers
    assert s3.get_object(Bucket="artifacts-bucket", Key="models/m/v1/model.tar.gz")["Body"].read() == b"archive"
