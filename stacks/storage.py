"""The Storage stack: key, buckets and topic, which outlive the other stacks."""

from __future__ import annotations

from typing import cast

from aws_cdk import CfnOutput, CfnResource
from constructs import Construct

from config.app import AppConfig
from imgcls.contract import keys
from pipeline import specs
from stacks.base import PlatformStack
from stacks.constructs.assets import function_code
from stacks.constructs.buckets import AccessLogBucket, PrivateBucket
from stacks.constructs.emptying import Emptying
from stacks.constructs.key import PlatformKey
from stacks.constructs.notifications import ExistingTopic, Notifications, NotificationTopic
from stacks.constructs.seed import SeededPrefix
from stacks.constructs.store import Store

ACCESS_LOG_DAYS = 365


class StorageStack(PlatformStack):
    def __init__(self, scope: Construct, config: AppConfig) -> None:
        super().__init__(scope, "Storage", config, purpose="key, buckets and notifications", keep=True)
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
        topic: Notifications
        if config.topic:
            topic = ExistingTopic(self, config.topic)
        else:
            topic = NotificationTopic(self, "Notifications", key=key, emails=config.notify)
        code, days = function_code(self, {}), config.monitoring.log_retention_days
        SeededPrefix(
            self,
            "Seed",
            bucket=artifacts,
            key_name=keys.MODELS_SEED,
            code=code,
            key=key,
            topic=topic,
            log_retention_days=days,
        )
        if not storage.retain:
            emptying = Emptying(self, "Emptying", code=code, key=key, topic=topic, log_retention_days=days)
            self._empty(emptying, config, logs, {"Data": data, "Artifacts": artifacts})
        self.store = Store(key, data, artifacts, topic)
        self.hand_on(key.key_id, key.key_arn, topic.topic_arn)
        self.hand_on(*(value for bucket in (data, artifacts) for value in (bucket.bucket_name, bucket.bucket_arn)))
        CfnOutput(self, "DataBucket", value=data.bucket_name)
        CfnOutput(self, "ArtifactsBucket", value=artifacts.bucket_name)
        # Batch transform jobs encrypt their volumes with it.
        CfnOutput(self, "BatchKey", value=key.key_arn)

    def _empty(
        self, emptying: Emptying, config: AppConfig, logs: AccessLogBucket, buckets: dict[str, PrivateBucket]
    ) -> None:
        """The access logs last: deleting the other buckets is logged too."""
        last = emptying.add_bucket("AccessLogs", logs)
        for name, bucket in buckets.items():
            emptying.add_bucket(name, bucket)
            cast(CfnResource, bucket.node.default_child).node.add_dependency(last)
        named = specs.package_group(config, "*")
        arns = [
            self.format_arn(service="sagemaker", resource=kind, resource_name=named)
            for kind in ("model-package-group", "model-package")
        ]
        emptying.add_registry(config.project, config.environment, arns)
