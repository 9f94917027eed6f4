"""The endpoint's switch; `kennel destroy` leaves nothing, `kennel local down` leaves no process. Runs last."""

from __future__ import annotations

import json

import psutil

from kennel.cloud import local_record


def test_the_endpoint_goes_off_and_comes_back(deployed):
    def status() -> dict:
        return json.loads(deployed.kennel("endpoint", "status", "--json").stdout)

    before = status()
    assert before["status"] == "InService" and before["invocations"] > 0
    deployed.kennel("endpoint", "off")
    assert status()["status"] == "off"
    ours = deployed.client("sagemaker").list_endpoints(NameContains=deployed.session.config.endpoint.name)
    assert not ours["Endpoints"]
    assert deployed.client("sagemaker").list_models()["Models"]
    deployed.kennel("endpoint", "on")
    assert status()["status"] == "InService"


def test_a_project_is_destroyed_alone(deployed, own_project):
    own_project.kennel("destroy", "--yes")
    assert not own_project.session.stacks()
    assert deployed.session.stacks()


def test_destroy_leaves_nothing(deployed):
    deployed.kennel("destroy", "--yes")
    stacks = deployed.client("cloudformation").list_stacks()["StackSummaries"]
    left = [stack["StackName"] for stack in stacks if stack["StackStatus"] != "DELETE_COMPLETE"]
    assert not [name for name in left if name.startswith("Kennel-")]
    sagemaker = deployed.client("sagemaker")
    assert not sagemaker.list_endpoints()["Endpoints"]
    assert not sagemaker.list_models()["Models"]
    assert not sagemaker.list_domains()["Domains"]
    assert not deployed.client("stepfunctions").list_state_machines()["stateMachines"]
    assert not deployed.client("lambda").list_functions()["Functions"]
    assert not deployed.client("cloudwatch").describe_alarms()["MetricAlarms"]
    buckets = [item["Name"] for item in deployed.client("s3").list_buckets()["Buckets"]]
    assert not [name for name in buckets if "cdk-hnb659fds" not in name], "bootstrap's bucket is all that stays"


def test_down_leaves_no_process(deployed):
    record = local_record.read()
    family = [psutil.Process(record.pid), *psutil.Process(record.pid).children(recursive=True)]
    deployed.kennel("local", "down")
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive
    assert json.loads(deployed.kennel("local", "status", "--json", check=False).stdout)["running"] is False
