"""Versions are published while more callers ask than the container takes: all are published, and no answer is wrong.

The smoke test and the publishing are the Lambda functions' own handlers, the callers are `ImageClassifier`s.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.config import Config

from imgcls.artifacts.archives import pack
from imgcls.contract import evaluation, keys
from imgcls.contract.artifact import ModelCard
from imgcls.contract.evaluation import Golden
from kennel import ImageClassifier
from kennel.client import classifier
from lambdas.common.clients import client
from lambdas.common.environment import FunctionEnvironment
from lambdas.publish_model import handler as publishing
from lambdas.publish_model.environment import Environment as Publishing
from lambdas.smoke_test import handler as smoke_test
from lambdas.smoke_test.environment import Environment as SmokeTest
from localcloud import ImageCommand, LocalCloud
from localcloud.context import Cloud
from tests.imgcls.serving.server_process import SERVE
from tests.imgcls.serving.tiny_artifact import LABELS, colour_graph, picture, write_model

BUCKET, MODEL, ENDPOINT = "artifacts", "colours", "busy"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/kennel/serving:1"
RED = picture("red")
QUEUE = 2
"""Of the container, so that most of the callers are told to come again."""


@dataclass
class Callers:
    """Many threads that ask for one picture, one request after another, by the model's alias."""

    cloud: Cloud
    num: int
    labels: dict[str, str]
    """What each target model must answer."""
    done: threading.Event = field(default_factory=threading.Event)
    answers: list[tuple[str, str, str]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    refusals: list[int] = field(default_factory=list)

    def __enter__(self) -> Callers:
        many = Config(max_pool_connections=self.num, read_timeout=70)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.cloud.environment().items():
                patch.setenv(name, value)
            runtime, s3 = (boto3.client(name, config=many) for name in ("sagemaker-runtime", "s3"))
        runtime.meta.events.register("after-call.sagemaker-runtime.InvokeEndpoint", self._count)
        self.threads = [threading.Thread(target=self._ask, args=(runtime, s3)) for _ in range(self.num)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.done.set()
        for thread in self.threads:
            thread.join()

    def _count(self, parsed: dict[str, Any], **_: object) -> None:
        if "OriginalStatusCode" in parsed:
            self.refusals.append(parsed["OriginalStatusCode"])

    def _ask(self, runtime: Any, s3: Any) -> None:
        while not self.done.is_set():
            asked = ImageClassifier(ENDPOINT, MODEL, bucket=BUCKET, runtime=runtime, s3=s3, attempts=30)
            try:
                said = asked.predict(RED)
                self.answers.append((said.target_model, said.version, said.label))
            except Exception as error:
                self.failures.append(repr(error))

    @property
    def wrong(self) -> list[tuple[str, str, str]]:
        return [said for said in self.answers if said[0].split("/")[1] != said[1] or self.labels[said[0]] != said[2]]


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    images = [ImageCommand("*/kennel/serving:*", "serving", (sys.executable, SERVE), given=True)]
    with LocalCloud(images=images) as running, pytest.MonkeyPatch.context() as patch:
        for name, value in running.cloud.environment().items():
            patch.setenv(name, value)
        client.cache_clear()
        patch.setattr("lambdas.smoke_test.endpoint.POLL_SECONDS", 0.2)
        patch.setattr(classifier, "ALIAS_SECONDS", 0)
        _endpoint(running.cloud)
        yield running.cloud
        client.cache_clear()


def _endpoint(cloud: Cloud) -> None:
    cloud.client("s3").create_bucket(Bucket=BUCKET)
    cloud.client("s3").put_object(Bucket=BUCKET, Key="models/.about", Body=b"")
    sagemaker = cloud.client("sagemaker")
    container = {
        "Image": IMAGE,
        "Mode": "MultiModel",
        "ModelDataUrl": f"s3://{BUCKET}/models/",
        "Environment": {"KENNEL_MAX_QUEUE": str(QUEUE)},
    }
    sagemaker.create_model(
        ModelName="m", ExecutionRoleArn="arn:aws:iam::123456789012:role/x", PrimaryContainer=container
    )
    variant = {"VariantName": "all", "ModelName": "m", "InstanceType": "ml.c7i.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=ENDPOINT, EndpointConfigName="c")
    while sagemaker.describe_endpoint(EndpointName=ENDPOINT)["EndpointStatus"] == "Creating":
        time.sleep(0.05)


def staged(cloud: Cloud, folder: Path, roll: int) -> tuple[str, str]:
    """(target model, its answer to red) of a new version under its immutable key, with its golden image."""
    started = f"2026-11-20T13:24:{roll:02}+00:00"
    card: ModelCard = write_model(folder, graph=colour_graph(roll=roll), name=MODEL, started=started)
    pack(folder, folder / "model.tar.gz")
    target, label = keys.target_model(MODEL, card.version), LABELS[roll % 3]
    others = [0.0, 0.0, 0.0]
    others[roll % 3] = 1.0
    golden = [Golden("0.jpg", label, label, tuple(others))]
    s3, place = cloud.client("s3"), keys.golden_of(target)
    s3.put_object(Bucket=BUCKET, Key=place + evaluation.GOLDEN_FILE, Body=json.dumps([asdict(item) for item in golden]))
    s3.put_object(Bucket=BUCKET, Key=place + "0.jpg", Body=RED)
    s3.upload_file(str(folder / "model.tar.gz"), BUCKET, keys.MODELS + target)
    return target, label


def call(handler: Any, environment: FunctionEnvironment, event: dict[str, Any]) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.to_environment().items():
            patch.setenv(name, value)
        return handler.handler(event, SimpleNamespace(aws_request_id="r"))


def publish(target: str) -> None:
    tested = call(smoke_test, SmokeTest(BUCKET, ENDPOINT, 120), {"target_model": target})
    assert tested["on"] and tested["tested"] == 1
    event = {"action": "publish", "name": MODEL, "target_model": target, "tested": 1, "who": "test"}
    moved = call(publishing, Publishing(BUCKET, ENDPOINT, False, False), event)
    assert moved["target_model"] == target


@pytest.mark.parametrize(
    ("num", "versions"), [(60, 2), pytest.param(300, 3, marks=pytest.mark.slow)], ids=["60 callers", "300 callers"]
)
def test_a_publish_among_many_callers(
    cloud: Cloud, tmp_path: Path, num: int, versions: int, tries: Callable[[int], None]
) -> None:
    targets = dict(staged(cloud, tmp_path / str(roll), roll) for roll in range(versions + 1))
    first, *others = targets
    publish(first)
    with Callers(cloud, num, targets) as callers:
        for target in others:
            publish(target)
            time.sleep(0.5)
    print(
        f"{num} callers, {versions} publishes: {len(callers.answers)} answers, {len(callers.refusals)} passing "
        f"refusals, {len(callers.wrong)} wrong, {len(callers.failures)} failures"
    )
    tries(len(callers.answers) + len(callers.failures))
    assert not callers.failures, callers.failures[:3]
    assert not callers.wrong, callers.wrong[:3]
    assert {said[0] for said in callers.answers} >= set(others)
    assert set(callers.refusals) <= {429, 503} and 503 in callers.refusals
