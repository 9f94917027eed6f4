"""A data set prepared on several instances takes two jobs, the second on one instance; otherwise one job."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.validate import ParamValidator

from config.app import AppConfig
from lambdas.plan_run.price import worst_case_usd
from pipeline import state_machine
from pipeline.tasks import PROCESSING_JOB
from tests.pipeline.harness import Runner
from tests.pipeline.services import failed_job
from tests.pipeline.test_job_parameters import MODEL_CODE, shape_of
from tests.pipeline.variants import variant

MODEL = "dog-breed-classifier-mobile"


def three_instances() -> AppConfig:
    return variant(preparation={"instance_count": 3})


@pytest.fixture(scope="module")
def calls() -> Mapping[str, list[Any]]:
    found = Runner(three_instances()).run({"models": [MODEL]})
    assert found.outcomes[MODEL]["outcome"] == "published"
    return found.calls


def test_one_instance_does_not_need_a_merge() -> None:
    assert "MergeManifest" not in state_machine(variant())["States"]


def test_the_service_would_accept_both_jobs(calls: Mapping[str, list[Any]]) -> None:
    for state in ("PrepareDataset", "MergeManifest"):
        (call,) = calls[state]
        report = ParamValidator().validate(call, shape_of(PROCESSING_JOB))
        assert not report.has_errors(), report.generate_report()


def test_each_instance_gets_a_share_of_the_images_and_all_other_inputs(calls: Mapping[str, list[Any]]) -> None:
    (call,) = calls["PrepareDataset"]
    assert call["ProcessingResources"]["ClusterConfig"]["InstanceCount"] == 3
    assert {i["InputName"]: i["S3Input"]["S3DataDistributionType"] for i in call["ProcessingInputs"]} == {
        "dataset": "ShardedByS3Key", "plan": "FullyReplicated", "code": "FullyReplicated",
    }  # fmt: skip
    (merge,) = calls["MergeManifest"]
    assert merge["ProcessingResources"]["ClusterConfig"]["InstanceCount"] == 1
    assert {i["S3Input"]["S3DataDistributionType"] for i in merge["ProcessingInputs"]} == {"FullyReplicated"}


def test_the_output_of_the_first_job_is_the_input_of_the_merge(calls: Mapping[str, list[Any]]) -> None:
    (output,) = calls["PrepareDataset"][0]["ProcessingOutputConfig"]["Outputs"]
    inputs = {item["InputName"]: item["S3Input"]["S3Uri"] for item in calls["MergeManifest"][0]["ProcessingInputs"]}
    assert inputs["parts"] == output["S3Output"]["S3Uri"] == "s3://artifacts-bucket/runs/20261120-first/parts/"
    (prepared,) = calls["MergeManifest"][0]["ProcessingOutputConfig"]["Outputs"]
    assert prepared["S3Output"]["S3Uri"] == "s3://artifacts-bucket/prepared/"


def test_prepare_accepts_the_arguments_of_both_jobs(
    calls: Mapping[str, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(MODEL_CODE)
    parser = importlib.import_module("prepare")._parser()
    first, second = (
        parser.parse_args(calls[state][0]["AppSpecification"]["ContainerArguments"])
        for state in ("PrepareDataset", "MergeManifest")
    )
    assert str(first.part_of) == "/opt/ml/config/resourceconfig.json" and first.parts is None
    assert str(second.parts) == "/opt/ml/processing/input/parts" and second.part_of is None


def test_a_failed_merge_is_retried_and_then_named() -> None:
    runner = Runner(three_instances())
    runner.script["MergeManifest"] = [failed_job("MergeManifest", FailureReason="InternalServerError"), None]
    assert runner.run({"models": [MODEL]}).error is None
    runner = Runner(three_instances())
    runner.script["MergeManifest"] = [failed_job("MergeManifest", FailureReason="AlgorithmError: no")]
    assert runner.run({"models": [MODEL]}).failures[0]["state"] == "MergeManifest"


def test_all_instances_are_priced() -> None:
    prices = dict.fromkeys(("ml.m5.2xlarge", "ml.g5.xlarge", "ml.g4dn.xlarge", "ml.c7i.2xlarge"), 1.0)

    def cost(settings: AppConfig) -> float:
        runner = Runner(settings)
        runner.run({"models": [MODEL]})
        assert runner.services.plan
        return worst_case_usd(runner.services.plan, prices)

    assert cost(three_instances()) - cost(variant()) == pytest.approx(3 * 2.0)
