"""The Storage stack: what must outlive a redeploy. Key, buckets, topic."""

from __future__ import annotations

from aws_cdk import CfnOutput
from constructs import Construct

from config.app import AppConfig
from imgcls.contract import keys
from stacks.base import PlatformStack
from stacks.constructs.buckets import AccessLogBucket, PrivateBucket
from stacks.constructs.key import PlatformKey
from stacks.constructs.notifications import NotificationTopic
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
        topic = NotificationTopic(self, "Notifications", key=key, email=storage.notification_email)
        self.store = Store(key, data, artifacts, topic)
        CfnOutput(self, "DataBucket", value=data.bucket_name)
        CfnOutput(self, "ArtifactsBucket", value=artifacts.bucket_name)
