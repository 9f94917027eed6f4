"""Creating, updating, failing and deleting endpoints."""

import socket
import time

import pytest
from botocore.exceptions import ClientError

from localcloud.sagemaker.endpoints.rollout import Rollout


def processes_of(hosting, endpoint):
    """The ports of the serving processes that answer several requests."""
    return {hosting.invoke(endpoint, "m.tar.gz")[1]["port"] for _ in range(4)}


def test_an_endpoint_in_service_has_a_description_logs_and_instances(hosting):
    hosting.archive("m.tar.gz", answer=1)
    endpoint = hosting.endpoint(instances=5)
    described = hosting.settled(endpoint)
    variant = described["ProductionVariants"][0]
    assert (described["EndpointStatus"], variant["CurrentInstanceCount"]) == ("InService", 5)
    assert described["EndpointArn"].endswith(f":endpoint/{endpoint.lower()}")
    assert len(processes_of(hosting, endpoint)) == 2  # max_instances, asked in turn
    deadline = time.monotonic() + 30
    logs = hosting.cloud.client("logs")
    group = {"logGroupName": f"/aws/sagemaker/Endpoints/{endpoint}"}
    while not (events := logs.filter_log_events(**group, filterPattern="serving")["events"]):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert events[0]["message"] == "serving many models"
    assert events[0]["logStreamName"].startswith("AllTraffic/i-")


def test_an_unknown_image_and_a_container_that_exits_fail_with_reasons(hosting):
    name = "no-image"
    hosting.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=hosting.config(image="other:1"))
    failed = hosting.settled(name)
    assert failed["EndpointStatus"] == "Failed"
    assert failed["FailureReason"] == "localcloud's image table has no serving command for other:1"
    with pytest.raises(ClientError, match="is not serving: its status is Failed"):
        hosting.invoke(name, "m.tar.gz")
    name = "exits"
    config = hosting.config(environment={"FAIL_START": "1"})
    hosting.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
    reason = hosting.settled(name)["FailureReason"]
    assert "did not pass the ping health check (it exited with 1)" in reason
    assert "no such accelerator" in reason


def test_an_update_replaces_the_fleet_without_refusing_a_request(hosting):
    hosting.archive("m.tar.gz", answer=1)
    endpoint = hosting.endpoint(environment={"VERSION": "1"})
    (before,) = processes_of(hosting, endpoint)
    config = hosting.config(environment={"VERSION": "2"})
    hosting.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=config)
    assert hosting.sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointStatus"] == "Updating"
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        hosting.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=config)
    versions = set()
    while hosting.sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointStatus"] == "Updating":
        versions.add(hosting.invoke(endpoint, "m.tar.gz")[1]["version"])
    assert "1" in versions
    assert hosting.invoke(endpoint, "m.tar.gz")[1]["version"] == "2"
    assert hosting.settled(endpoint)["EndpointConfigName"] == config
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", before), timeout=5)


def test_a_scalable_target_keeps_its_instance_type(hosting):
    """As in SageMaker; another model under the same type is allowed."""
    hosting.archive("m.tar.gz", answer=1)
    endpoint = hosting.endpoint()
    scaling = hosting.cloud.client("application-autoscaling")
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{endpoint}/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=2)
    larger = hosting.config(kind="ml.c7i.xlarge")
    with pytest.raises(ClientError) as refused:
        hosting.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=larger)
    assert refused.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": 'The variant(s) "AllTraffic" must be deregistered as scalable targets with AWS Auto Scaling before '
        "they can be removed or have their instance type updated.",
    }
    same = hosting.config()
    hosting.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=same)
    assert hosting.settled(endpoint)["EndpointConfigName"] == same
    scaling.deregister_scalable_target(**target)
    hosting.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=larger)
    assert hosting.settled(endpoint)["EndpointConfigName"] == larger
    hosting.sagemaker.delete_endpoint(EndpointName=endpoint)
    assert hosting.gone(endpoint)


def test_a_failed_update_stays_in_service_on_the_old_configuration(hosting):
    hosting.archive("m.tar.gz", answer=1)
    endpoint = hosting.endpoint(environment={"VERSION": "1"})
    old = hosting.settled(endpoint)["EndpointConfigName"]
    broken = hosting.config(environment={"FAIL_START": "1"})
    hosting.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=broken)
    described = hosting.settled(endpoint)
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", old)
    assert "did not pass the ping health check" in described["FailureReason"]
    assert hosting.invoke(endpoint, "m.tar.gz")[1]["version"] == "1"


def test_a_rollback_alarm_rolls_the_update_back(hosting):
    hosting.archive("m.tar.gz", answer=1)
    endpoint = hosting.endpoint(environment={"VERSION": "1"})
    old = hosting.settled(endpoint)["EndpointConfigName"]
    cloudwatch = hosting.cloud.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="too-many-errors",
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
    )
    routing = {
        "Type": "CANARY",
        "WaitIntervalInSeconds": 300,
        "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50},
    }
    deployment = {
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing},
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "too-many-errors"}]},
    }
    cloudwatch.set_alarm_state(AlarmName="too-many-errors", StateValue="ALARM", StateReason="test")
    hosting.sagemaker.update_endpoint(
        EndpointName=endpoint, EndpointConfigName=hosting.config(), DeploymentConfig=deployment
    )
    described = hosting.settled(endpoint)
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", old)
    assert "too-many-errors" in described["FailureReason"]
    cloudwatch.set_alarm_state(AlarmName="too-many-errors", StateValue="OK", StateReason="test")
    better = hosting.config(environment={"VERSION": "3"})
    hosting.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=better, DeploymentConfig=deployment)
    described = hosting.settled(endpoint)
    assert (described["EndpointConfigName"], described.get("FailureReason")) == (better, None)
    cloudwatch.delete_alarms(AlarmNames=["too-many-errors"])


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (None, Rollout((1.0,), 0.0)),
        ({"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 2}, Rollout((1.0,), 2.0)),
        (
            {
                "Type": "CANARY",
                "WaitIntervalInSeconds": 600,
                "CanarySize": {"Type": "INSTANCE_COUNT", "Value": 1},
            },
            Rollout((0.25, 1.0), 5.0),
        ),
        (
            {
                "Type": "LINEAR",
                "WaitIntervalInSeconds": 1,
                "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 40},
            },
            Rollout((0.4, 0.8, 1.0), 1.0),
        ),
    ],
)
def test_rollout_steps(policy, expected):
    deployment = policy and {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": policy}}
    assert Rollout.of(deployment, instances=4, max_bake_seconds=5.0) == expected


def test_a_crashed_process_is_restarted(hosting):
    hosting.archive("m.tar.gz", answer=1)
    hosting.archive("die.tar.gz", die=True)
    endpoint = hosting.endpoint()
    (before,) = processes_of(hosting, endpoint)
    with pytest.raises(ClientError, match="ModelError"):
        hosting.invoke(endpoint, "die.tar.gz")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            after = hosting.invoke(endpoint, "m.tar.gz")[1]["port"]
            break
        except ClientError as error:
            assert error.response["Error"]["Code"] in ("ServiceUnavailable", "ModelError"), error
            time.sleep(0.05)
    assert after != before


def test_delete_ends_processes_and_forgets_the_endpoint(hosting):
    hosting.archive("m.tar.gz", answer=1)
    endpoint = hosting.endpoint()
    (process,) = processes_of(hosting, endpoint)
    hosting.sagemaker.delete_endpoint(EndpointName=endpoint)
    assert hosting.gone(endpoint)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", process), timeout=5)
    with pytest.raises(ClientError, match="Could not find endpoint"):
        hosting.sagemaker.describe_endpoint(EndpointName=endpoint)
    with pytest.raises(ClientError, match=f"Endpoint {endpoint} of account 123456789012 not found"):
        hosting.invoke(endpoint, "m.tar.gz")


def test_names_are_unique_and_must_exist(hosting):
    config = hosting.config()
    endpoint = hosting.endpoint()
    sagemaker = hosting.sagemaker
    with pytest.raises(ClientError, match="Cannot create already existing endpoint"):
        sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=config)
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        sagemaker.create_endpoint(EndpointName="other", EndpointConfigName="none")
    with pytest.raises(ClientError, match="Cannot create already existing endpoint configuration"):
        sagemaker.create_endpoint_config(
            EndpointConfigName=config,
            ProductionVariants=[
                {
                    "VariantName": "v",
                    "ModelName": config,
                    "InstanceType": "ml.m5.large",
                    "InitialInstanceCount": 1,
                }
            ],
        )
    sagemaker.delete_endpoint_config(EndpointConfigName=config)
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        sagemaker.describe_endpoint_config(EndpointConfigName=config)
    sagemaker.delete_model(ModelName=config)
    with pytest.raises(ClientError, match="Could not find model"):
        sagemaker.describe_model(ModelName=config)


def test_descriptions_repeat_the_request_and_tags_are_kept(hosting):
    sagemaker = hosting.sagemaker
    container = {
        "Image": "i",
        "Mode": "MultiModel",
        "ModelDataUrl": "s3://artifacts/models/",
        "MultiModelConfig": {"ModelCacheSetting": "Disabled"},
    }
    arn = sagemaker.create_model(
        ModelName="tagged",
        ExecutionRoleArn="arn:aws:iam::123456789012:role/r",
        PrimaryContainer=container,
        EnableNetworkIsolation=True,
        Tags=[{"Key": "k", "Value": "v"}],
    )["ModelArn"]
    described = sagemaker.describe_model(ModelName="tagged")
    assert (described["PrimaryContainer"], described["EnableNetworkIsolation"]) == (container, True)
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "k", "Value": "v"}]
    assert [each["ModelName"] for each in sagemaker.list_models(NameContains="tagged")["Models"]] == ["tagged"]


VARIANT = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
SERVERLESS = {"MemorySizeInMB": 1024, "MaxConcurrency": 1}


@pytest.mark.parametrize(
    ("request_", "named"),
    [
        ({"ProductionVariants": [VARIANT, {**VARIANT, "VariantName": "w"}]}, "several ProductionVariants"),
        (
            {"ProductionVariants": [{"VariantName": "v", "ModelName": "m", "ServerlessConfig": SERVERLESS}]},
            "ServerlessConfig",
        ),
        (
            {
                "ProductionVariants": [VARIANT],
                "AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://b/o"}},
            },
            "AsyncInferenceConfig",
        ),
        (
            {
                "ProductionVariants": [VARIANT],
                "DataCaptureConfig": {
                    "EnableCapture": True,
                    "InitialSamplingPercentage": 100,
                    "DestinationS3Uri": "s3://b/c",
                    "CaptureOptions": [{"CaptureMode": "Input"}],
                },
            },
            "DataCaptureConfig",
        ),
    ],
)
def test_what_is_not_emulated_is_refused_by_name(hosting, request_, named):
    with pytest.raises(ClientError, match=f"the local cloud does not emulate CreateEndpointConfig with {named}"):
        hosting.sagemaker.create_endpoint_config(EndpointConfigName="refused", **request_)


def test_a_single_model_endpoint_finds_its_archive_in_opt_ml_model(hosting):
    hosting.archive("single.tar.gz", answer="alone")
    url = "s3://artifacts/models/single.tar.gz"
    endpoint = hosting.endpoint(ModelDataUrl=url, environment={"SM_OTHER": "/opt/ml/model"})
    assert hosting.invoke(endpoint)[1]["answer"] == "alone"
    with pytest.raises(ClientError, match="is not a multi-model endpoint and does not support target model header"):
        hosting.invoke(endpoint, "m.tar.gz")
    hosting.sagemaker.create_endpoint(
        EndpointName="no-archive", EndpointConfigName=hosting.config(ModelDataUrl="s3://artifacts/models/none.tar.gz")
    )
    assert "Failed to download model data" in hosting.settled("no-archive")["FailureReason"]


def test_an_update_needs_quota_for_both_fleets(hosting):
    hosting.cloud.quotas.set("ml.c7i.large for endpoint usage", len(in_use(hosting)) + 3)
    try:
        name = hosting.endpoint(instances=2)
        with pytest.raises(ClientError, match="ResourceLimitExceeded") as refused:
            hosting.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=hosting.config(instances=2))
        assert "'ml.c7i.large for endpoint usage' is " in str(refused.value)
        assert "and a request delta of 2 Instances" in str(refused.value)
        hosting.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=hosting.config(instances=1))
        hosting.settled(name)
        hosting.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=hosting.config(instances=2))
        hosting.settled(name)
        with pytest.raises(ClientError, match="ResourceLimitExceeded"):
            hosting.endpoint(instances=2)
    finally:
        hosting.cloud.quotas.forget()
    hosting.sagemaker.delete_endpoint(EndpointName=name)


def in_use(hosting):
    """One item per instance of every endpoint of the earlier tests."""
    names = [each["EndpointName"] for each in hosting.sagemaker.list_endpoints(MaxResults=100)["Endpoints"]]
    found = [hosting.sagemaker.describe_endpoint(EndpointName=name) for name in names]
    return [
        variant
        for answer in found
        for variant in answer.get("ProductionVariants", [])
        for _ in range(variant["CurrentInstanceCount"])
    ]


@pytest.mark.parametrize("url", ["s3://artifacts/nothing-yet/", "s3://no-such-bucket/models/"])
def test_a_prefix_without_an_object_is_refused(hosting, url):
    with pytest.raises(ClientError, match=f"Could not find model data at {url}"):
        hosting.config(Mode="MultiModel", ModelDataUrl=url)
