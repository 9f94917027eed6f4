"""Private, versioned, encrypted, access-logged buckets, and grants to read or write their prefixes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from config import regions
from stacks.constructs.acknowledgements import NIST, acknowledge, acknowledge_checkov, acknowledge_wildcard
from stacks.constructs.retention import removal_policy

PARTIAL_UPLOAD_DAYS = 7
READ = ("s3:GetObject",)
WRITE = ("s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")
ALL_KEYS = "*"


class AccessLogBucket(s3.Bucket):
    """Receives the access logs of the other buckets. S3 writes them only with its own key (SSE-S3)."""

    def __init__(self, scope: Construct, id: str, *, retain: bool, days: int) -> None:
        super().__init__(
            scope,
            id,
            encryption=s3.BucketEncryption.S3_MANAGED,
            lifecycle_rules=[_tidy(days), s3.LifecycleRule(id="expire", expiration=Duration.days(days))],
            **_common(retain),
        )
        acknowledge(self, f"{NIST}-S3DefaultEncryptionKMS", "S3 delivers access logs only with its own key")
        acknowledge(self, f"{NIST}-S3BucketReplicationEnabled", "access logs are not worth a second region")
        acknowledge_checkov(self, CKV_AWS_18="a bucket that logs its own accesses would log its logs without end")


class PrivateBucket(s3.Bucket):
    """A bucket encrypted with the platform's key. `expire` maps a prefix to the days after which objects expire."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        key: kms.IKey,
        access_logs: s3.IBucket,
        retain: bool,
        noncurrent_days: int,
        expire: dict[str, int] | None = None,
    ) -> None:
        rules = [
            s3.LifecycleRule(id=f"expire-{prefix.strip('/')}", prefix=prefix, expiration=Duration.days(days))
            for prefix, days in (expire or {}).items()
        ]
        super().__init__(
            scope,
            id,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=True,
            server_access_logs_bucket=access_logs,
            server_access_logs_prefix=f"{id}/",
            lifecycle_rules=[_tidy(noncurrent_days), *rules],
            **_common(retain),
        )
        self._key = key
        acknowledge(
            self,
            f"{NIST}-S3BucketReplicationEnabled",
            "versions guard against mistakes; a second region is another environment",
        )

    def console_url(self, region: str, prefix: str) -> str:
        """The page of the S3 console that lists `prefix`."""
        return f"https://{regions.console(region)}/s3/buckets/{self.bucket_name}?prefix={prefix}"

    def allow_read(self, role: iam.IRole, *prefixes: str) -> None:
        """Let `role` list and read the keys below `prefixes`. A prefix that does not end in `/` is a single key."""
        self._allow(role, READ, prefixes)
        self.allow_list(role, *prefixes)
        self._allow_key(role, ["kms:Decrypt"])

    def allow_write(self, role: iam.IRole, *prefixes: str) -> None:
        """Let `role` put objects below `prefixes`."""
        self._allow(role, WRITE, prefixes)
        self._allow_key(role, ["kms:Decrypt", "kms:GenerateDataKey"])

    def allow_list(self, role: iam.IRole, *prefixes: str) -> None:
        """Let `role` list the keys below `prefixes`."""
        role.add_to_principal_policy(
            iam.PolicyStatement(
                actions=["s3:ListBucket"],
                resources=[self.bucket_arn],
                conditions={"StringLike": {"s3:prefix": [f"{prefix}{ALL_KEYS}" for prefix in prefixes]}},
            )
        )

    def allow_existence_check(self, role: iam.IRole) -> None:
        """Let `role` distinguish a missing object from a forbidden one.

        S3 answers 404 only to those who may list the bucket; a GetObject request has no prefix for a condition.
        """
        role.add_to_principal_policy(iam.PolicyStatement(actions=["s3:ListBucket"], resources=[self.bucket_arn]))

    def _allow(self, role: iam.IRole, actions: Sequence[str], prefixes: Sequence[str]) -> None:
        patterns = [f"/{prefix}{ALL_KEYS}" if prefix.endswith("/") else f"/{prefix}" for prefix in prefixes]
        role.add_to_principal_policy(
            iam.PolicyStatement(actions=list(actions), resources=[self.bucket_arn + pattern for pattern in patterns])
        )
        for pattern in patterns:
            if ALL_KEYS in pattern:
                reason = f"the objects below {pattern.strip('/*')} are named at run time"
                acknowledge_wildcard(role, self.bucket_arn + pattern, reason)

    def _allow_key(self, role: iam.IRole, actions: list[str]) -> None:
        role.add_to_principal_policy(iam.PolicyStatement(actions=actions, resources=[self._key.key_arn]))


def _tidy(noncurrent_days: int) -> s3.LifecycleRule:
    return s3.LifecycleRule(
        id="tidy",
        noncurrent_version_expiration=Duration.days(noncurrent_days),
        abort_incomplete_multipart_upload_after=Duration.days(PARTIAL_UPLOAD_DAYS),
        expired_object_delete_marker=True,
    )


def _common(retain: bool) -> dict[str, Any]:
    return {
        "block_public_access": s3.BlockPublicAccess.BLOCK_ALL,
        "enforce_ssl": True,
        "minimum_tls_version": 1.2,
        "object_ownership": s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        "versioned": True,
        "removal_policy": removal_policy(retain),
    }
