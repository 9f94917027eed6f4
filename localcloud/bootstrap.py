"""What `cdk bootstrap` would have made: the cloud starts with it, so that a deploy is the first command."""

from __future__ import annotations

import json

from localcloud.context import Cloud

QUALIFIER = "hnb659fds"  # CDK's default
_VERSION = "30"  # of the bootstrap template; the CLI asks for at least 6, some features for more
_ROLES = ("deploy", "cfn-exec", "file-publishing", "image-publishing", "lookup")


def make_bootstrap_resources(cloud: Cloud) -> None:
    """Asset bucket and repository, roles and the version parameter."""
    place = f"{cloud.account_id}-{cloud.region}"
    s3 = cloud.client("s3")
    bucket = f"cdk-{QUALIFIER}-assets-{place}"
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    rules = [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})
    cloud.client("ecr").create_repository(repositoryName=f"cdk-{QUALIFIER}-container-assets-{place}")
    cloud.client("ssm").put_parameter(Name=f"/cdk-bootstrap/{QUALIFIER}/version", Value=_VERSION, Type="String")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {
                    "AWS": f"arn:aws:iam::{cloud.account_id}:root",
                    "Service": "cloudformation.amazonaws.com",
                },
                "Action": "sts:AssumeRole",
            }
        ],
    }
    for role in _ROLES:
        cloud.client("iam").create_role(
            RoleName=f"cdk-{QUALIFIER}-{role}-role-{place}", AssumeRolePolicyDocument=json.dumps(trust)
        )
