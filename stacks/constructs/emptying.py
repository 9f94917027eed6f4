"""Where nothing is retained: what empties the buckets and the registry, so that their stack can be deleted."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import CustomResource
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from lambdas.empty_storage.handler import BUCKET, REGISTRY
from stacks.constructs.custom_resource import ActsOnDeletion

EMPTY = ("s3:ListBucketVersions", "s3:DeleteBucket")
EMPTY_OBJECTS = ("s3:DeleteObject", "s3:DeleteObjectVersion")
FIND_GROUPS = ("sagemaker:ListModelPackageGroups", "sagemaker:ListModelPackages")
DELETE_GROUPS = ("sagemaker:ListTags", "sagemaker:DeleteModelPackage", "sagemaker:DeleteModelPackageGroup")


class Emptying(ActsOnDeletion):
    """Of the stack that has the storage. A bucket goes together with its last object."""

    lambda_name = "empty_storage"
    description = "Empties the buckets and the registry when their stack is deleted"

    def add_bucket(self, id: str, bucket: s3.Bucket) -> CustomResource:
        """Its policy goes first: without it, no access log is delivered into a bucket that is being emptied."""
        allowed = [
            iam.PolicyStatement(actions=list(EMPTY), resources=[bucket.bucket_arn]),
            iam.PolicyStatement(actions=list(EMPTY_OBJECTS), resources=[bucket.arn_for_objects("*")]),
        ]
        resource = self._function.add(self, id, BUCKET, {"Bucket": bucket.bucket_name}, allowed)
        if bucket.policy:
            bucket.policy.node.add_dependency(resource)
        return resource

    def add_registry(self, project: str, environment: str, arns: Sequence[str]) -> None:
        """The groups that runs created. `arns`: what their groups and versions are called."""
        self._function.service_role.allow_without_resource(FIND_GROUPS)
        allowed = [iam.PolicyStatement(actions=list(DELETE_GROUPS), resources=list(arns))]
        self._function.add(self, "Registry", REGISTRY, {"Project": project, "Environment": environment}, allowed)
