"""The table of what CloudFormation calls, against AWS's own resource schemas, of which cfn-lint has a copy."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import cfnlint
import pytest

from checks.assembly import Assembly
from kennel.bootstrap.handlers import HANDLERS
from tests.stacks.assemblies import ENVIRONMENTS, assembly

DATA = Path(cfnlint.__file__).parent / "data"
LEFT_OUT: dict[tuple[str, str], str] = {
    ("AWS::ApplicationAutoScaling::ScalableTarget", "RoleARN"): "iam:PassRole",
    ("AWS::ApplicationAutoScaling::ScalableTarget", "ScheduledActions"): (
        "application-autoscaling:PutScheduledAction application-autoscaling:DeleteScheduledAction"
    ),
    ("AWS::EC2::FlowLog", "LogDestination"): (
        "autoscaling:DescribeTags iam:CreateServiceLinkedRole s3:GetBucketPolicy s3:PutBucketPolicy"
    ),
    ("AWS::EC2::Subnet", "Ipv6CidrBlock"): "ec2:AssociateSubnetCidrBlock ec2:DisassociateSubnetCidrBlock",
    ("AWS::EC2::VPC", "VpcEncryptionControl"): "ec2:CreateVpcEncryptionControl",
    ("AWS::EC2::VPCEndpoint", "ServiceNetworkArn"): "vpc-lattice:CreateServiceNetworkVpcEndpointAssociation",
    ("AWS::EC2::VPCEndpoint", "ServiceRegion"): "vpce:AllowMultiRegion",
    ("AWS::ECR::Repository", "RepositoryPolicyText"): "ecr:SetRepositoryPolicy ecr:DeleteRepositoryPolicy",
    ("AWS::IAM::Policy", "Groups"): "iam:GetGroupPolicy iam:PutGroupPolicy iam:DeleteGroupPolicy",
    ("AWS::IAM::Policy", "Users"): "iam:GetUserPolicy iam:PutUserPolicy iam:DeleteUserPolicy",
    ("AWS::IAM::Role", "ManagedPolicyArns"): "iam:AttachRolePolicy iam:DetachRolePolicy",
    ("AWS::Lambda::Function", "CapacityProviderConfig"): ("lambda:PassCapacityProvider lambda:PublishVersion"),
    ("AWS::Lambda::Function", "CodeSigningConfigArn"): (
        "lambda:GetCodeSigningConfig lambda:PutFunctionCodeSigningConfig lambda:DeleteFunctionCodeSigningConfig"
    ),
    ("AWS::Lambda::Function", "FileSystemConfigs"): "elasticfilesystem:DescribeMountTargets s3files:ListMountTargets",
    ("AWS::Lambda::Function", "Layers"): "lambda:GetLayerVersion",
    ("AWS::Lambda::Function", "RecursiveLoop"): "lambda:PutFunctionRecursionConfig",
    ("AWS::Lambda::Function", "ReservedConcurrentExecutions"): (
        "lambda:PutFunctionConcurrency lambda:DeleteFunctionConcurrency"
    ),
    ("AWS::Lambda::Function", "RuntimeManagementConfig"): "lambda:PutRuntimeManagementConfig",
    ("AWS::Lambda::Function", "VpcConfig"): (
        "ec2:DescribeSecurityGroups ec2:DescribeSubnets ec2:DescribeVpcs ec2:DescribeNetworkInterfaces"
    ),
    ("AWS::Lambda::Function", "FunctionScalingConfig"): "lambda:PutFunctionScalingConfig",
    ("AWS::Logs::LogGroup", "BearerTokenAuthenticationEnabled"): "logs:PutBearerTokenAuthentication",
    ("AWS::Logs::LogGroup", "DataProtectionPolicy"): (
        "logs:PutDataProtectionPolicy logs:CreateLogDelivery firehose:TagDeliveryStream"
    ),
    ("AWS::Logs::LogGroup", "DeletionProtectionEnabled"): "logs:PutLogGroupDeletionProtection",
    ("AWS::Logs::LogGroup", "FieldIndexPolicies"): "logs:PutIndexPolicy logs:DeleteIndexPolicy",
    ("AWS::Logs::LogGroup", "ResourcePolicyDocument"): "logs:PutResourcePolicy logs:DeleteResourcePolicy",
    ("AWS::S3::Bucket", "AbacStatus"): "s3:PutBucketAbac",
    ("AWS::S3::Bucket", "AccelerateConfiguration"): "s3:PutAccelerateConfiguration",
    ("AWS::S3::Bucket", "AccessControl"): "s3:PutBucketAcl s3:PutObjectAcl",
    ("AWS::S3::Bucket", "AnalyticsConfigurations"): "s3:PutAnalyticsConfiguration",
    ("AWS::S3::Bucket", "CorsConfiguration"): "s3:PutBucketCORS",
    ("AWS::S3::Bucket", "IntelligentTieringConfigurations"): "s3:PutIntelligentTieringConfiguration",
    ("AWS::S3::Bucket", "InventoryConfigurations"): "s3:PutInventoryConfiguration",
    ("AWS::S3::Bucket", "MetadataTableConfiguration"): "s3:*MetadataTableConfiguration s3tables:*",
    ("AWS::S3::Bucket", "MetadataConfiguration"): "s3:UpdateBucketMetadata*",
    ("AWS::S3::Bucket", "MetricsConfigurations"): "s3:PutMetricsConfiguration",
    ("AWS::S3::Bucket", "NotificationConfiguration"): "s3:PutBucketNotification",
    ("AWS::S3::Bucket", "ObjectLockConfiguration"): "s3:PutBucketObjectLockConfiguration",
    ("AWS::S3::Bucket", "ReplicationConfiguration"): "s3:PutReplicationConfiguration s3:DeleteObject",
    ("AWS::S3::Bucket", "WebsiteConfiguration"): "s3:PutBucketWebsite s3:DeleteBucketWebsite",
    ("AWS::SNS::Subscription", "SubscriptionRoleArn"): "iam:GetRole",
    ("AWS::SNS::Topic", "DataProtectionPolicy"): "sns:PutDataProtectionPolicy",
    ("AWS::SNS::Topic", "DeliveryStatusLogging"): "iam:GetRole",
    ("AWS::SNS::Topic", "Subscription"): "sns:Subscribe sns:Unsubscribe",
    ("AWS::SageMaker::Domain", "DomainSettings"): "sagemaker:CreateApp sagemaker:DeleteApp",
    ("AWS::SageMaker::UserProfile", "SingleSignOnUserIdentifier"): "sso:* identitystore:*",
    ("AWS::StepFunctions::StateMachine", "EncryptionConfiguration"): "kms:*",
}
"""(type, property) -> the actions that only a template with this property needs."""

LEFT_OUT_ALWAYS = {
    # Whoever deploys may not take a boundary away.
    ("AWS::IAM::Role", "iam:DeleteRolePermissionsBoundary"),
    # A target of Lambda's.
    *(
        ("AWS::ApplicationAutoScaling::ScalableTarget", f"lambda:{verb}ProvisionedConcurrencyConfig")
        for verb in ("Get", "Put", "Delete")
    ),
}
BY_TEMPLATE = {"iam:PassRole", "s3:GetObject", "s3:GetObjectVersion"}
"""kennel.bootstrap.needs grants them on what the templates name."""


@cache
def schemas() -> dict[str, dict[str, Any]]:
    found = (json.loads(path.read_text()) for path in (DATA / "schemas" / "resources").glob("*.json"))
    return {item["typeName"]: item for item in found if "typeName" in item}


@cache
def iam() -> dict[str, set[str]]:
    """Service -> its actions in lower case, by AWS's service authorization reference."""
    services = json.loads((DATA / "AdditionalSpecs" / "Policies.json").read_text())
    return {name: set(item.get("Actions", {})) for name, item in services.items()}


def is_action(name: str) -> bool:
    service, _, action = name.partition(":")
    return action.lower() in iam().get(service, set())


def row(kind: str) -> set[str]:
    return {f"{calls.service}:{action}".lower() for calls in HANDLERS[kind] for action in calls.actions.split()}


def by_schema(kind: str) -> set[str]:
    """What the handlers call, without what is not an action of IAM at all."""
    handlers = schemas()[kind].get("handlers", {})
    wanted = {name for verb, item in handlers.items() if verb != "list" for name in item["permissions"]}
    return {name for name in wanted if is_action(name)}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_type_of_the_environments_has_a_row(environment: str) -> None:
    kinds = {resource.kind for resource in Assembly.load(assembly(environment)).resources}
    assert {kind for kind in kinds if not kind.startswith("Custom::")} <= set(HANDLERS)


@pytest.mark.parametrize("kind", sorted(set(HANDLERS) - {"Custom"}))
def test_a_row_has_all_that_the_handlers_call(kind: str) -> None:
    properties = [key for key in LEFT_OUT if key[0] == kind]
    excused = [pattern for key in properties for pattern in LEFT_OUT[key].split()]
    missing = {name for name in by_schema(kind) if name.lower() not in row(kind)} - BY_TEMPLATE
    missing -= {name for owner, name in LEFT_OUT_ALWAYS if owner == kind}
    assert {name for name in missing if not any(fnmatchcase(name, pattern) for pattern in excused)} == set()
    assert {pattern for pattern in excused if not any(fnmatchcase(name, pattern) for name in by_schema(kind))} == set()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_template_has_a_property_whose_actions_are_left_out(environment: str) -> None:
    resources = Assembly.load(assembly(environment)).resources
    assert {(item.kind, name) for item in resources for name in item.properties} & set(LEFT_OUT) == set()


def test_what_is_left_out_are_properties_that_there_are() -> None:
    unknown = {(kind, name) for kind, name in LEFT_OUT if name not in schemas()[kind]["properties"]}
    assert unknown == set()


def test_the_rows_have_only_actions_that_there_are() -> None:
    actions = {
        f"{calls.service}:{name}" for found in HANDLERS.values() for calls in found for name in calls.actions.split()
    }
    assert {name for name in actions if not is_action(name)} == set()
    assert not is_action("lambda:CallFunction")
