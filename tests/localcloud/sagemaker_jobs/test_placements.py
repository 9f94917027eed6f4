"""What is made in a network that does not exist, or in two of them, is refused, as it is in an account."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from .job_helpers import PROCESSING_IMAGE, ROLE

SINGLE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/single:1"
GONE_SUBNET, GONE_GROUP = "subnet-0123456789abcdef0", "sg-0123456789abcdef0"


@pytest.fixture(scope="module")
def networks(local_cloud: Any) -> tuple[dict[str, str], dict[str, str]]:
    """Two VPCs with a subnet and a security group each."""
    ec2 = local_cloud.cloud.client("ec2")

    def made(number: int) -> dict[str, str]:
        vpc = ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.{number}.0.0/24")["Subnet"]["SubnetId"]
        group = ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"]
        return {"vpc": vpc, "subnet": subnet, "group": group}

    return made(101), made(102)


def config(subnets: list[str], groups: list[str]) -> dict[str, list[str]]:
    return {"Subnets": subnets, "SecurityGroupIds": groups}


def refusal(call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**request)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    return str(refused.value.response["Error"]["Message"])


def placements(networks: Any) -> list[tuple[dict[str, list[str]], str]]:
    ours, others = networks
    return [
        (config([ours["subnet"], GONE_SUBNET], [ours["group"]]), f"The subnet ID '{GONE_SUBNET}' does not exist"),
        (config([ours["subnet"]], [GONE_GROUP]), f"The security group '{GONE_GROUP}' does not exist"),
        (config([ours["subnet"], others["subnet"]], [ours["group"]]), "belong to different networks."),
        (config([ours["subnet"]], [others["group"]]), f"Security group {others['group']} and subnet {ours['subnet']} "),
    ]


def processing(name: str, vpc: dict[str, list[str]]) -> dict[str, Any]:
    resources = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10}
    return {
        "ProcessingJobName": name,
        "ProcessingResources": {"ClusterConfig": resources},
        "AppSpecification": {"ImageUri": PROCESSING_IMAGE, "ContainerEntrypoint": ["true"]},
        "RoleArn": ROLE,
        "NetworkConfig": {"VpcConfig": vpc},
    }


def tuning(name: str, training: dict[str, Any]) -> dict[str, Any]:
    """A search whose trials are `training`."""
    objective = {"Type": "Maximize", "MetricName": "validation:accuracy"}
    definition = {key: value for key, value in training.items() if key not in ("TrainingJobName", "HyperParameters")}
    return {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": {
            "Strategy": "Random",
            "HyperParameterTuningJobObjective": objective,
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 1, "MaxParallelTrainingJobs": 1},
            "ParameterRanges": {"ContinuousParameterRanges": [{"Name": "lr", "MinValue": "0.1", "MaxValue": "1"}]},
        },
        "TrainingJobDefinition": {**definition, "StaticHyperParameters": training["HyperParameters"]},
    }


def test_jobs_and_models(sagemaker: Any, networks: Any, training_request: Any) -> None:
    for number, (vpc, words) in enumerate(placements(networks)):
        training = training_request(f"t{number}", "", VpcConfig=vpc)
        assert words in refusal(sagemaker.create_training_job, **training)
        assert words in refusal(sagemaker.create_processing_job, **processing(f"p{number}", vpc))
        search = tuning(f"h{number}", training)
        assert words in refusal(sagemaker.create_hyper_parameter_tuning_job, **search)
        model = {"ModelName": f"m{number}", "ExecutionRoleArn": ROLE, "PrimaryContainer": {"Image": SINGLE}}
        assert words in refusal(sagemaker.create_model, **model, VpcConfig=vpc)
    assert not sagemaker.list_training_jobs(NameContains="t0")["TrainingJobSummaries"]
    assert not [item for item in sagemaker.list_models()["Models"] if item["ModelName"] == "m0"]


def test_domains(sagemaker: Any, networks: Any) -> None:
    ours, others = networks
    domain = {"DomainName": "placed", "AuthMode": "IAM", "VpcId": ours["vpc"]}

    def settings(group: str) -> dict[str, Any]:
        return {"ExecutionRole": ROLE, "SecurityGroups": [group]}

    for vpc, words in placements(networks):
        users = settings(vpc["SecurityGroupIds"][0])
        made = {**domain, "SubnetIds": vpc["Subnets"], "DefaultUserSettings": users}
        assert words in refusal(sagemaker.create_domain, **made)
    elsewhere = {**domain, "VpcId": others["vpc"], "SubnetIds": [ours["subnet"]]}
    assert "belong to different networks" in refusal(
        sagemaker.create_domain, **elsewhere, DefaultUserSettings=settings(others["group"])
    )
    assert not sagemaker.list_domains()["Domains"]


def test_a_job_in_a_network_that_exists_is_taken(sagemaker: Any, networks: Any) -> None:
    ours, _ = networks
    vpc = config([ours["subnet"]], [ours["group"]])
    sagemaker.create_processing_job(**processing("placed", vpc))
    found = sagemaker.describe_processing_job(ProcessingJobName="placed")
    assert found["NetworkConfig"]["VpcConfig"] == vpc
