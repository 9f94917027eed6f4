"""The parameters of the jobs: valid by the service's own model, isolated, encrypted, bounded."""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.model import Shape
from botocore.validate import ParamValidator

import config
from config.app import AppConfig
from pipeline.tasks import PROCESSING_JOB, TRAINING_JOB
from tests.pipeline.harness import Runner
from tests.pipeline.services import CREATE_SEARCH, JOB_NAMES, VALUES
from tests.pipeline.variants import variant

JOBS = {"PrepareDataset": PROCESSING_JOB, "TuneModel": CREATE_SEARCH, "TrainModel": TRAINING_JOB,
        "EvaluateModel": PROCESSING_JOB}  # fmt: skip
NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*")
MAX_NAME = {TRAINING_JOB: 63, PROCESSING_JOB: 63, CREATE_SEARCH: 32}
ENVIRONMENTS = ("local", "dev", "prod")
SUBNETS = [VALUES["Subnet1"], VALUES["Subnet2"]]
MODEL_CODE = Path(__file__).parents[2] / "model_code"
Calls = Mapping[str, list[dict[str, Any]]]
Ran = tuple[AppConfig, Calls]


@pytest.fixture(scope="module", params=ENVIRONMENTS)
def ran(request: pytest.FixtureRequest) -> Ran:
    """(configuration, the calls of each job state) of a run of three kinds of model."""
    runner = Runner(config.load(request.param))
    found = runner.run(
        {"models": ["dog-breed-classifier", "dog-breed-resnet50", "cat-dog-classifier"], "dataset": "dog-breeds"}
    )
    assert found.error is None
    return runner.config, found.calls


@functools.cache
def shape_of(resource: str) -> Shape:
    operation = resource.split(":")[-1].removesuffix(".sync")
    model = botocore.session.get_session().get_service_model("sagemaker")
    shape = model.operation_model(operation[0].upper() + operation[1:]).input_shape
    assert shape is not None
    return shape


def constraints(shape: Shape, value: Any, path: str = "") -> Iterator[str]:
    """Violations of lengths, patterns and enumerations, which ParamValidator does not check."""
    if shape.type_name == "structure":
        for name, item in value.items():
            yield from constraints(shape.members[name], item, f"{path}.{name}")
    elif shape.type_name == "list":
        for index, item in enumerate(value):
            yield from constraints(shape.member, item, f"{path}[{index}]")
    elif shape.type_name == "map":
        for name, item in value.items():
            yield from constraints(shape.key, name, f"{path}.{name}")
            yield from constraints(shape.value, item, f"{path}.{name}")
    elif shape.type_name == "string":
        limits = shape.metadata
        if len(value) > limits.get("max", len(value)):
            yield f"{path} has {len(value)} characters, at most {limits['max']} are allowed"
        if limits.get("enum") and value not in limits["enum"]:
            yield f"{path} is {value}"
        if limits.get("pattern") and not re.fullmatch(limits["pattern"], value):
            yield f"{path} {value!r} does not match {limits['pattern']}"


@pytest.mark.parametrize("state", JOBS)
def test_the_service_would_accept_the_job(ran: Ran, state: str) -> None:
    for call in ran[1][state]:
        report = ParamValidator().validate(call, shape_of(JOBS[state]))
        assert not report.has_errors(), report.generate_report()
        assert not list(constraints(shape_of(JOBS[state]), call))


@pytest.mark.parametrize("state", JOBS)
def test_job_names_fit_and_differ(ran: Ran, state: str) -> None:
    resource = JOBS[state]
    names = [call[JOB_NAMES[resource]] for call in ran[1][state]]
    assert len(set(names)) == len(names)
    assert all(NAME.fullmatch(name) and len(name) <= MAX_NAME[resource] for name in names), names


def training_parts(calls: Calls) -> list[Any]:
    """The parameters of the training jobs and of the trials of a search."""
    return [*calls["TrainModel"], *(call["TrainingJobDefinition"] for call in calls["TuneModel"])]


def test_training_is_isolated_encrypted_and_bounded(ran: Ran) -> None:
    _, calls = ran
    for job in training_parts(calls):
        assert job["EnableNetworkIsolation"] is True
        assert job["VpcConfig"] == {"SecurityGroupIds": [VALUES["SecurityGroupId"]], "Subnets": SUBNETS}
        assert job["OutputDataConfig"]["KmsKeyId"] == VALUES["KeyArn"]
        assert job["StoppingCondition"]["MaxRuntimeInSeconds"] > 0


ENCRYPTION = "EnableInterContainerTrafficEncryption"
"""It has no effect on one instance, and no run is known in which Step Functions passed it on."""


def test_traffic_is_not_encrypted_where_a_job_has_one_instance(ran: Ran) -> None:
    _, calls = ran
    processing = [job["NetworkConfig"] for job in [*calls["PrepareDataset"], *calls["EvaluateModel"]]]
    assert not [job for job in [*training_parts(calls), *processing] if ENCRYPTION in job]


def test_traffic_is_encrypted_where_a_training_has_several_instances_and_not_in_its_trials() -> None:
    calls = Runner(variant(training={"instance_count": 2})).run({"models": ["dog-breed-classifier"]}).calls
    assert [job[ENCRYPTION] for job in calls["TrainModel"]] == [True]
    assert calls["TrainModel"][0]["ResourceConfig"]["InstanceCount"] == 2
    assert [job["TrainingJobDefinition"].get(ENCRYPTION) for job in calls["TuneModel"]] == [None]


def test_a_data_set_prepared_on_several_instances_is_sent_encrypted() -> None:
    preparation = {"instance_type": "ml.m5.large", "instance_count": 3}
    found = Runner(variant(preparation=preparation)).run({"models": ["cat-dog-classifier"]})
    network = found.calls["PrepareDataset"][0]["NetworkConfig"]
    assert network[ENCRYPTION] is True


def test_processing_is_isolated_encrypted_and_bounded(ran: Ran) -> None:
    _, calls = ran
    for job in [*calls["PrepareDataset"], *calls["EvaluateModel"]]:
        assert job["NetworkConfig"]["EnableNetworkIsolation"] is True
        assert job["NetworkConfig"]["VpcConfig"]["Subnets"] == SUBNETS
        assert job["ProcessingOutputConfig"]["KmsKeyId"] == VALUES["KeyArn"]
        assert job["ProcessingResources"]["ClusterConfig"]["VolumeKmsKeyId"] == VALUES["KeyArn"]
        assert job["StoppingCondition"]["MaxRuntimeInSeconds"] > 0


def test_the_volume_key_is_there_unless_the_type_has_local_disks(ran: Ran) -> None:
    settings, calls = ran
    local_disks = settings.training.instance_type.startswith(("ml.g4dn", "ml.g5"))
    for job in training_parts(calls):
        assert ("VolumeKmsKeyId" in job["ResourceConfig"]) is not local_disks


def test_without_isolation_its_fields_are_absent() -> None:
    base = config.load("dev")
    open_config = base.model_copy(update={"pipeline": base.pipeline.model_copy(update={"isolate": False})})
    found = Runner(open_config).run()
    assert not {"EnableNetworkIsolation", "VpcConfig", ENCRYPTION} & set(found.calls["TrainModel"][0])
    assert "NetworkConfig" not in found.calls["EvaluateModel"][0]


def test_only_evaluation_reads_the_test_split(ran: Ran) -> None:
    _, calls = ran
    for state in ("PrepareDataset", "TuneModel", "TrainModel"):
        assert all("/test/" not in str(call) for call in calls[state]), state
    inputs = {item["InputName"]: item["S3Input"] for item in calls["EvaluateModel"][0]["ProcessingInputs"]}
    assert inputs["test"]["S3Uri"] == "s3://artifacts-bucket/prepared/0123456789abcdef/test/"


def test_the_prepare_job_chooses_the_input_mode_of_the_training_split(ran: Ran) -> None:
    _, calls = ran
    for job in training_parts(calls):
        modes = {channel["ChannelName"]: channel.get("InputMode") for channel in job["InputDataConfig"]}
        assert modes["train"] == "File" and not any(mode for name, mode in modes.items() if name != "train")


def test_evaluation_gets_both_archives_of_the_training_job(ran: Ran) -> None:
    _, calls = ran
    job = next(call for call in calls["TrainModel"] if call["HyperParameters"]["model-name"] == "dog-breed-classifier")
    folder = f"s3://artifacts-bucket/runs/20261120-first/dog-breed-classifier/output/{job['TrainingJobName']}/output"
    evaluation = next(call for call in calls["EvaluateModel"] if "dog-breed-classifier" in arguments(call).values())
    inputs = {item["InputName"]: item["S3Input"]["S3Uri"] for item in evaluation["ProcessingInputs"]}
    assert inputs["artifact"] == f"{folder}/model.tar.gz"
    assert inputs["output-data"] == f"{folder}/output.tar.gz"
    assert inputs["champion"] == "s3://artifacts-bucket/aliases/_none/"


def ran_models(calls: Calls) -> set[str]:
    return {call["HyperParameters"]["model-name"] for call in calls["TrainModel"]}


def arguments(call: Mapping[str, Any]) -> dict[str, str]:
    values = call["AppSpecification"]["ContainerArguments"]
    return dict(zip(values[::2], values[1::2], strict=True))


def test_the_entrypoint_unpacks_the_code_within_the_limits(ran: Ran) -> None:
    _, calls = ran
    entrypoint = calls["EvaluateModel"][0]["AppSpecification"]["ContainerEntrypoint"]
    assert entrypoint[:2] == ["bash", "-c"] and entrypoint[3] == "evaluate.py"
    assert all(len(part) <= 256 for part in entrypoint)


def test_scripts_know_every_argument_they_are_given(ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    """An option that prepare.py or evaluate.py does not have would fail the job."""
    monkeypatch.syspath_prepend(MODEL_CODE)
    evaluate, prepare = importlib.import_module("evaluate"), importlib.import_module("prepare")
    _, calls = ran
    options = prepare._parser().parse_args(calls["PrepareDataset"][0]["AppSpecification"]["ContainerArguments"])
    assert str(options.message) == "/opt/ml/output/message"
    options = evaluate.parse(calls["EvaluateModel"][0]["AppSpecification"]["ContainerArguments"])
    assert options.model in ran_models(calls) and str(options.test) == "/opt/ml/processing/input/test"


def test_the_training_toolkit_gets_program_and_source(ran: Ran) -> None:
    _, calls = ran
    for job in calls["TrainModel"]:
        values = job["HyperParameters"]
        assert values["sagemaker_program"] == "train.py"
        assert values["sagemaker_submit_directory"] == "/opt/ml/input/data/code/0a1b.gz"
        assert all(isinstance(value, str) for value in values.values())
        assert job["Environment"]["KENNEL_MANIFEST_ID"] == "0123456789abcdef"
        assert datetime.fromisoformat(job["Environment"]["KENNEL_JOB_SUBMITTED"])


def test_trials_write_checkpoints_on_spot_instances_only(ran: Ran) -> None:
    settings, calls = ran
    assert all(job["CheckpointConfig"]["S3Uri"].endswith("/checkpoints/") for job in calls["TrainModel"])
    kept = {"CheckpointConfig" in call["TrainingJobDefinition"] for call in calls["TuneModel"]}
    assert kept == {settings.spot.enabled}


def test_a_search_space_is_sent_in_the_form_of_the_service(ran: Ran) -> None:
    _, calls = ran
    ranges = [call["HyperParameterTuningJobConfig"]["ParameterRanges"] for call in calls["TuneModel"]]
    for value in ranges:
        assert {"Name": "lr", "ScalingType": "Logarithmic"}.items() <= value["ContinuousParameterRanges"][0].items()
    assert any("IntegerParameterRanges" in value for value in ranges)
