"""The object that keeps the endpoint's prefix from being empty before the first model is published."""

from __future__ import annotations

from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.constructs.buckets import PrivateBucket
from stacks.constructs.custom_resource import CustomResourceFunction
from stacks.constructs.key import PlatformKey
from stacks.constructs.notifications import Notifications

WITHDRAW = ("s3:DeleteObject", "s3:DeleteObjectVersion")


class SeededPrefix(Construct):
    """Writes `key_name` into `bucket` and takes it away with the stack; the function may write no other object."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        bucket: PrivateBucket,
        key_name: str,
        code: lambda_.Code,
        key: PlatformKey,
        topic: Notifications,
        log_retention_days: int,
    ) -> None:
        super().__init__(scope, id)
        function = CustomResourceFunction(
            self,
            "Function",
            name="seed_prefix",
            code=code,
            key=key,
            topic=topic,
            log_retention_days=log_retention_days,
            description="Keeps one object below the endpoint's prefix",
        )
        bucket.allow_write(function.service_role, key_name)
        allowed = [
            iam.PolicyStatement(actions=list(WITHDRAW), resources=[bucket.arn_for_objects(key_name)]),
            iam.PolicyStatement(
                actions=["s3:ListBucketVersions"],
                resources=[bucket.bucket_arn],
                conditions={"StringEquals": {"s3:prefix": key_name}},
            ),
        ]
        seed = {"Bucket": bucket.bucket_name, "Key": key_name}
        function.add(self, "Object", "Custom::PrefixSeed", seed, allowed)
