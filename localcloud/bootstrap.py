"""The stack that `cdk bootstrap` creates: the local cloud starts with it, so that a deploy can be the first command."""

from __future__ import annotations

import json
import time
from typing import NotRequired, TypedDict

from botocore.client import BaseClient

from localcloud.context import Cloud
from localcloud.json_types import JSON, JsonObject

STACK = "CDKToolkit"
_MAX_SECONDS = 60.0
QUALIFIER = "hnb659fds"  # CDK's default
_VERSION = "33"  # of CDK's bootstrap template; the CLI refuses to replace it with an older one
# Logical id in CDK's own template -> role: a later `cdk bootstrap` then updates this stack in place.
_ROLES = {
    "DeploymentActionRole": "deploy",
    "CloudFormationExecutionRole": "cfn-exec",
    "FilePublishingRole": "file-publishing",
    "ImagePublishingRole": "image-publishing",
    "LookupRole": "lookup",
}

_ANYTHING: JsonObject = {
    "PolicyName": "AdministratorAccess",
    "PolicyDocument": {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    },
}
"""What CloudFormation may do after a `cdk bootstrap` that names no policies: here inline, there AWS's own policy."""


def make_bootstrap_stack(cloud: Cloud) -> None:
    """Create CDK's bootstrap stack: asset bucket and repository, roles, version parameter. RuntimeError if it fails."""
    cloudformation = cloud.client("cloudformation")
    cloudformation.create_stack(
        StackName=STACK,
        TemplateBody=json.dumps(_template(f"{cloud.account_id}-{cloud.region}", cloud.account_id)),
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    stack = _ended(cloudformation)
    if stack["StackStatus"] != "CREATE_COMPLETE":
        raise RuntimeError(f"the bootstrap stack is {stack['StackStatus']}: {stack.get('StackStatusReason')}")


class StackDescription(TypedDict):
    """What is read of DescribeStacks."""

    StackStatus: str
    StackStatusReason: NotRequired[str]


def _ended(cloudformation: BaseClient) -> StackDescription:
    """The stack once it is created: on a busy machine CreateStack answers before that."""
    deadline = time.monotonic() + _MAX_SECONDS
    while True:
        stack: StackDescription = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
        if not stack["StackStatus"].endswith("_IN_PROGRESS") or time.monotonic() > deadline:
            return stack
        time.sleep(0.1)


def _template(place: str, account_id: str) -> JsonObject:
    trusted: JsonObject = {"AWS": f"arn:aws:iam::{account_id}:root", "Service": "cloudformation.amazonaws.com"}
    trust: JsonObject = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"}],
    }
    encryption: list[JSON] = [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
    resources: JsonObject = {
        "StagingBucket": {
            "Type": "AWS::S3::Bucket",
            "Properties": {
                "BucketName": f"cdk-{QUALIFIER}-assets-{place}",
                "VersioningConfiguration": {"Status": "Enabled"},
                "BucketEncryption": {"ServerSideEncryptionConfiguration": encryption},
            },
        },
        "ContainerAssetsRepository": {
            "Type": "AWS::ECR::Repository",
            "Properties": {"RepositoryName": f"cdk-{QUALIFIER}-container-assets-{place}"},
        },
        "CdkBootstrapVersion": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Name": f"/cdk-bootstrap/{QUALIFIER}/version", "Type": "String", "Value": _VERSION},
        },
    }
    for logical_id, role in _ROLES.items():
        name = f"cdk-{QUALIFIER}-{role}-role-{place}"
        properties: JsonObject = {"RoleName": name, "AssumeRolePolicyDocument": trust}
        if role == "cfn-exec":
            properties["Policies"] = [_ANYTHING]
        resources[logical_id] = {"Type": "AWS::IAM::Role", "Properties": properties}
    outputs: JsonObject = {
        "BucketName": {"Value": {"Ref": "StagingBucket"}},
        "BucketDomainName": {"Value": {"Fn::GetAtt": ["StagingBucket", "RegionalDomainName"]}},
        "ImageRepositoryName": {"Value": {"Ref": "ContainerAssetsRepository"}},
        "BootstrapVersion": {"Value": {"Fn::GetAtt": ["CdkBootstrapVersion", "Value"]}},
    }
    return {"Resources": resources, "Outputs": outputs}
