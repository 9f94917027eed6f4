"""The endpoint: rollout, switch, scaling, settings, and alarms in the units that SageMaker emits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import config
from config.app import AppConfig
from config.serving import RolloutConfig
from imgcls.contract.serving import ServerSettings
from tests.stacks.assemblies import ENVIRONMENTS, properties, resources, synthesize, templates

ENDPOINT = "AWS::SageMaker::Endpoint"
CONFIG = "AWS::SageMaker::EndpointConfig"
MODEL = "AWS::SageMaker::Model"
ALARM = "AWS::CloudWatch::Alarm"


def one(environment: str, kind: str) -> dict[str, Any]:
    (found,) = properties(environment, kind)
    return found


def with_endpoint(environment: str, folder: Path, **changes: Any) -> dict[str, dict[str, Any]]:
    """Kind -> properties of the Serving stack, for a changed endpoint."""
    import json

    base = config.load(environment)
    endpoint = base.endpoint.model_copy(update=changes)
    synthesize(base.model_copy(update={"endpoint": endpoint}), folder, rule_packs=False)
    path = folder / f"Kennel-{environment.capitalize()}-Serving.template.json"
    found = json.loads(path.read_text())["Resources"].values()
    return {item["Type"]: item.get("Properties", {}) for item in found}


def test_prod_shifts_half_the_fleet_and_waits_with_three_rollback_alarms() -> None:
    deployment = one("prod", ENDPOINT)["DeploymentConfig"]
    policy = deployment["BlueGreenUpdatePolicy"]
    assert policy["TrafficRoutingConfiguration"] == {
        "Type": "CANARY",
        "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50},
        "WaitIntervalInSeconds": 300,
    }
    assert len(deployment["AutoRollbackConfiguration"]["Alarms"]) == 3


def test_a_single_instance_is_replaced_at_once_with_rollback_alarms() -> None:
    deployment = one("dev", ENDPOINT)["DeploymentConfig"]
    assert deployment["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]["Type"] == "ALL_AT_ONCE"
    assert deployment["AutoRollbackConfiguration"]["Alarms"]


def test_a_linear_rollout_has_steps(tmp_path: Path) -> None:
    found = with_endpoint("prod", tmp_path, rollout=RolloutConfig(kind="linear", canary_percent=25))
    routing = found[ENDPOINT]["DeploymentConfig"]["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    assert (routing["Type"], routing["LinearStepSize"]["Value"]) == ("LINEAR", 25)
    assert "CanarySize" not in routing


def test_instances_with_local_disks_get_no_volume_key(tmp_path: Path) -> None:
    assert "KmsKeyId" in one("prod", CONFIG)
    assert "KmsKeyId" not in with_endpoint("prod", tmp_path, instance_type="ml.c6id.xlarge")[CONFIG]


@pytest.mark.parametrize(("environment", "on"), [("local", "true"), ("dev", "false"), ("prod", "false")])
def test_a_first_deploy_into_aws_needs_no_quota_for_endpoints(environment: str, on: str) -> None:
    assert templates(environment)["Serving"]["Parameters"]["EndpointEnabled"]["Default"] == on


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_switch_removes_only_endpoint_scaling_and_alarms(environment: str) -> None:
    serving = templates(environment)["Serving"]
    assert serving["Parameters"]["EndpointEnabled"]["AllowedValues"] == ["true", "false"]
    switched = {item["Type"] for item in serving["Resources"].values() if item.get("Condition") == "EndpointIsEnabled"}
    kept = {item["Type"] for item in serving["Resources"].values() if "Condition" not in item}
    assert {ENDPOINT, ALARM} <= switched and all(
        kind == ENDPOINT or "Alarm" in kind or "Scal" in kind for kind in switched
    )
    assert {MODEL, CONFIG, "AWS::IAM::Role"} <= kept and not switched & kept
    for name, output in serving["Outputs"].items():
        assert isinstance(output["Value"], str) or "Export" not in output, f"{name} may vanish with the switch"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_only_the_endpoint_has_a_name(environment: str) -> None:
    assert one(environment, ENDPOINT)["EndpointName"] == config.load(environment).endpoint.name
    assert "EndpointConfigName" not in one(environment, CONFIG)
    assert "ModelName" not in one(environment, MODEL)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_model_serves_the_whole_prefix_with_its_settings(environment: str) -> None:
    settings: AppConfig = config.load(environment)
    container = one(environment, MODEL)["PrimaryContainer"]
    assert container["Mode"] == "MultiModel"
    assert str(container["ModelDataUrl"]).endswith("/models/']]}")
    read = ServerSettings.from_environment(container["Environment"])
    assert read.endpoint_name == settings.endpoint.name
    assert read.max_body_bytes == settings.endpoint.server.max_body_bytes


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_scaling_follows_the_endpoint_and_its_limits(environment: str) -> None:
    settings = config.load(environment).endpoint
    target = one(environment, "AWS::ApplicationAutoScaling::ScalableTarget")
    assert target["ResourceId"] == f"endpoint/{settings.name}/variant/AllTraffic"
    assert (target["MinCapacity"], target["MaxCapacity"]) == (settings.min_instances, settings.max_instances)
    (variant,) = one(environment, CONFIG)["ProductionVariants"]
    assert variant["VariantName"] == "AllTraffic"
    excluded = one(environment, ENDPOINT)["ExcludeRetainedVariantProperties"]
    assert [item["VariantPropertyType"] for item in excluded] == ["DataCaptureConfig"]


def test_an_endpoint_of_a_fixed_size_has_no_scaling_and_takes_its_size_from_the_configuration(tmp_path: Path) -> None:
    """While a scalable target is registered, SageMaker refuses another instance type."""
    found = with_endpoint("prod", tmp_path, min_instances=3, max_instances=3)
    assert not [kind for kind in found if "Scal" in kind]
    assert found[CONFIG]["ProductionVariants"][0]["InitialInstanceCount"] == 3
    assert {"VariantPropertyType": "DesiredInstanceCount"} in found[ENDPOINT]["ExcludeRetainedVariantProperties"]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_thresholds_are_in_the_units_of_the_metrics(environment: str) -> None:
    settings = config.load(environment)
    rollback = settings.endpoint.rollback_alarms
    alarms = {
        (item["MetricName"], item.get("Statistic") or item["ExtendedStatistic"], item["Period"]): item["Threshold"]
        for item in properties(environment, ALARM)
    }
    assert alarms["ModelLatency", "p99", 60] == rollback.p99_latency_ms * 1000
    assert alarms["ModelLatency", "p99", 300] == settings.monitoring.p99_latency_ms * 1000
    assert alarms["Invocation5XXErrors", "Average", 60] == rollback.error_5xx_percent / 100
    assert alarms["ModelCacheHit", "Average", 300] == settings.monitoring.min_cache_hit_ratio
    assert alarms["MemoryUtilization", "Maximum", 300] == 85


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_missing_data_is_a_fault_only_for_the_idle_alarm(environment: str) -> None:
    bad = {
        name.split("/")[1].rstrip("0123456789ABCDEF")
        for name, item in resources(environment, ALARM).items()
        if item["Properties"]["TreatMissingData"] == "breaching"
    }
    assert bad == {"Idle"}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_alarm_for_which_missing_data_is_a_fault_first_waits_for_as_long_as_it_looks_back(environment: str) -> None:
    for alarm in properties(environment, ALARM):
        if alarm["TreatMissingData"] == "breaching":
            warm_up = alarm["WarmUpConfiguration"]
            assert warm_up["WarmUpPeriodDurationInMinutes"] * 60 == alarm["Period"] * alarm["EvaluationPeriods"]
            assert warm_up["OnlyStartEvaluatingAfterWarmUpPeriodEnds"]
