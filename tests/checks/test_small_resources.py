"""Every control on the few resources that it is about: what holds it, and each single thing that breaks it."""

from __future__ import annotations

from typing import Any

import pytest

from checks.controls import CONTROLS
from tests.checks.breakages import FOUND_BY
from tests.checks.cases import buckets, delivery, endpoint, functions, iam, jobs, messages, network, principals
from tests.checks.cases.case import Case, Changes, changed, violators
from tests.checks.cases.delivery import PROMISES

CASES = [
    case
    for module in (buckets, delivery, endpoint, functions, iam, jobs, messages, network, principals)
    for case in module.CASES
]
EXPECTED = {
    "ExistingNetwork": {"VpcId": "vpc-1", "SubnetIds": ["their-1", "their-2"], "SecurityGroupIds": ["their-3"]},
    "LocalDisks": dict.fromkeys(("training", "preparation", "evaluation"), False),
    "SeveralInstances": dict.fromkeys(("training", "trial", "preparation", "evaluation"), True),
}
FINE = [(case, change) for case in CASES for change in ({}, *case.fine)]
BROKEN = [(case, change) for case in CASES for change in case.broken]


def names(value: Any) -> str:
    return value.control if isinstance(value, Case) else ", ".join(value)[:50]


def culprits(case: Case, change: Changes) -> list[str]:
    found = violators(case.control, changed(case.resources, change), **EXPECTED)
    return [label for label in found if label.startswith(case.culprit)]


@pytest.mark.parametrize(("case", "change"), FINE, ids=names)
def test_a_control_is_content(case: Case, change: Changes) -> None:
    assert culprits(case, change) == []


@pytest.mark.parametrize(("case", "change"), BROKEN, ids=names)
def test_a_control_finds_what_breaks_it(case: Case, change: Changes) -> None:
    assert culprits(case, change) == [case.culprit]


WHEN = {
    "Retain": {"bucket.kept", "domain.spaces", "key.kept"},
    "IsolatedTraining": {"job.network", "job.isolated", "job.traffic"},
    "IsolatedEndpoint": {"model.isolated", "model.network", "network.jobs"},
    "EndpointVolumeKey": {"endpoint.key"},
    "Strict": {"bucket.history", "endpoint.gradual", "endpoint.instances", "endpoint.scaling", "function.gate"},
    "DataCapture": {"endpoint.capture"},
    "VpcOnlyStudio": {"domain.vpc-only"},
    "InterfaceEndpoints": {"network.studio"},
    "ExistingNetwork": {"network.existing"},
}
"""What an environment must promise so that these controls bind it; all others bind every environment."""


def test_few_controls_may_be_waived() -> None:
    assert {control.id: control.when for control in CONTROLS if control.when} == {
        control: promise for promise, controls in WHEN.items() for control in controls
    }


def test_every_control_is_here() -> None:
    elsewhere = {"stack.promises", "stack.exports", *FOUND_BY}  # below, in test_exports.py and in test_controls.py
    assert {case.control for case in CASES} | elsewhere == {control.id for control in CONTROLS}


@pytest.mark.parametrize("promise", PROMISES)
def test_prod_promises_everything(promise: str) -> None:
    kept = dict.fromkeys(PROMISES, True)
    assert violators("stack.promises", {}, Environment="prod", **kept) == []
    assert violators("stack.promises", {}, Environment="dev", **{**kept, promise: False}) == []
    assert violators("stack.promises", {}, Environment="prod", **{**kept, promise: False}) == ["the assembly"]


@pytest.mark.parametrize(
    ("name", "operation", "kind"),
    [
        ("TrainModel", "createTrainingJob", "training"),
        ("TuneModel", "createHyperParameterTuningJob", "training"),
        ("EvaluateModel", "createProcessingJob", "evaluation"),
        ("PrepareDataset", "createProcessingJob", "preparation"),
    ],
)
def test_a_key_for_local_disks_is_as_wrong_as_none_for_a_volume(name: str, operation: str, kind: str) -> None:
    machine = jobs.machine({name: jobs.task(jobs.OPERATIONS[operation], operation)})
    disks = EXPECTED["LocalDisks"] | {kind: True}
    assert violators("job.volume-key", {**jobs.RESOURCES, "X": machine}, LocalDisks=disks) == [f"Main/X:{name}"]


def test_an_assembly_without_jobs_is_not_one_of_ours() -> None:
    (found,) = violators("job.stops", {"X": jobs.machine({"A": jobs.task({}, "invoke")})})
    assert found.startswith("the assembly (it ")


GIVEN = {"Subnets": ["their-1", "their-2"], "SecurityGroupIds": ["their-3"]}


@pytest.mark.parametrize(
    ("vpc", "found"),
    [
        (GIVEN, []),
        ({**GIVEN, "Subnets": ["their-1", "their-1"]}, ["Main/X"]),
        ({**GIVEN, "Subnets": ["their-1", "their-2", "subnet-1"]}, ["Main/X"]),
        ({**GIVEN, "SecurityGroupIds": ["their-3", "sg-1"]}, ["Main/X"]),
        ({**GIVEN, "SecurityGroupIds": []}, ["Main/X"]),
    ],
)
def test_only_the_ids_of_the_existing_network_may_stand_in_a_template(vpc: dict[str, Any], found: list[str]) -> None:
    model = {"X": {"Type": "AWS::SageMaker::Model", "Properties": {"VpcConfig": vpc}}}
    assert violators("model.network", model, **EXPECTED) == found
    if vpc == GIVEN:
        assert violators("network.jobs", model, **EXPECTED) == []
        assert violators("model.network", model, **{**EXPECTED, "ExistingNetwork": {}}) == ["Main/X"]


def test_with_an_existing_topic_an_alarm_tells_that_and_no_other() -> None:
    def alarm(*actions: Any) -> dict[str, Any]:
        return {
            "X": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmActions": list(actions)}},
            "Topic": {"Type": "AWS::SNS::Topic", "Properties": {}},
        }

    assert violators("alarm.tells", alarm("arn:theirs"), ExistingTopic="arn:theirs") == []
    for other in ("arn:theirs-too", {"Ref": "Topic"}):
        assert violators("alarm.tells", alarm(other), ExistingTopic="arn:theirs") == ["Main/X"]
