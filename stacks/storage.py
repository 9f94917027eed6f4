"""The Storage stack: key, buckets, model registry and topic, which outlive the other stacks."""

from __future__ import annotations

from aws_cdk import CfnOutput, RemovalPolicy
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from config.app import AppConfig
from imgcls.contract import keys
from pipeline import specs
from stacks.base import PlatformStack
from stacks.constructs.buckets import AccessLogBucket, PrivateBucket
from stacks.constructs.key import PlatformKey
from stacks.constructs.notifications import NotificationTopic
from stacks.constructs.store import Store

ACCESS_LOG_DAYS = 365


class StorageStack(PlatformStack):
    def __init__(self, scope: Construct, config: AppConfig) -> None:
        super().__init__(scope, "Storage", config, purpose="key, buckets, registry and notifications", keep=True)
        storage = config.storage
        key = PlatformKey(self, "Key", retain=storage.retain)
        logs = AccessLogBucket(self, "AccessLogs", retain=storage.retain, days=ACCESS_LOG_DAYS)
        data = PrivateBucket(
            self,
            "Data",
            key=key,
            access_logs=logs,
            retain=storage.retain,
            noncurrent_days=storage.noncurrent_days,
            expire={keys.BATCH: storage.run_days},
        )
        artifacts = PrivateBucket(
            self,
            "Artifacts",
            key=key,
            access_logs=logs,
            retain=storage.retain,
            noncurrent_days=storage.noncurrent_days,
            expire={keys.RUNS: storage.run_days},
        )
        topic = NotificationTopic(self, "Notifications", key=key, emails=config.notify)
        for model in config.models:
            # A group with versions cannot be deleted, and the record of published models must not be.
            group = sagemaker.CfnModelPackageGroup(
                self,
                f"Registry-{model.name}",
                model_package_group_name=specs.package_group(config, model.name),
                model_package_group_description=f"Evaluated versions of {model.name}",
            )
            group.apply_removal_policy(RemovalPolicy.RETAIN if storage.retain else RemovalPolicy.DESTROY)
        self.store = Store(key, data, artifacts, topic)
        self.hand_on(key.key_id, key.key_arn, topic.topic_arn)
        self.hand_on(*(value for bucket in (data, artifacts) for value in (bucket.bucket_name, bucket.bucket_arn)))
        CfnOutput(self, "DataBucket", value=data.bucket_name)
        CfnOutput(self, "ArtifactsBucket", value=artifacts.bucket_name)
        # Batch transform jobs encrypt their volumes with it.
        CfnOutput(self, "BatchKey", value=key.key_arn)
