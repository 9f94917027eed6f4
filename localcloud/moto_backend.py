"""moto as the keeper of records: its settings, its WSGI application, its reset, and what it must not enforce."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any


def moto_application() -> Callable[..., Iterable[bytes]]:
    """moto's server application, set to run nothing itself: no state machines, no Docker."""
    from moto.core.config import default_user_config
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    default_user_config["stepfunctions"] = {"execute_state_machine": False}
    default_user_config["lambda"] = {"use_docker": False}
    default_user_config["batch"] = {"use_docker": False}
    _record_bucket_policies_only()
    _checksum_copies()
    return DomainDispatcherApplication(create_backend_app)


def _record_bucket_policies_only() -> None:
    """Bucket policies and access logging are answered as set, but not enforced and not carried out.

    moto ignores a policy's conditions, so that a TLS-only Deny would deny everything; it wants the log-delivery
    permission before PutBucketLogging, which AWS does not; and it writes a log object within every request, so that no
    log bucket could ever be emptied and deleted.
    """
    from moto.s3.models import FakeBucket, S3Backend

    FakeBucket.get_permission = lambda self, action, resource: None  # type: ignore[method-assign]
    FakeBucket._log_permissions_enabled_policy = staticmethod(  # type: ignore[method-assign]
        lambda target_bucket, target_prefix: True
    )
    S3Backend.log_incoming_request = lambda self, request, bucket_name: None  # type: ignore[method-assign]


def _checksum_copies() -> None:
    """A copy's checksum is one over its whole content, as S3 makes it.

    moto hands a multipart original's checksum of checksums on as if it were that, and every client that verifies what
    it downloads refuses the copy.
    """
    from moto.s3.models import FakeKey, S3Backend
    from moto.s3.utils import compute_checksum

    copy = S3Backend.copy_object
    if hasattr(copy, "__wrapped__"):
        return  # an earlier cloud of this process did it

    @functools.wraps(copy)
    def copy_object(self: S3Backend, src_key: FakeKey, bucket: str, key: str, *rest: Any, **more: Any) -> None:
        copy(self, src_key, bucket, key, *rest, **more)
        made = self.get_object(bucket, key)
        if made is not None and made.checksum_value:
            made.checksum_value = compute_checksum(made.value, made.checksum_algorithm or "CRC32").decode()
            made.checksum_type = made.checksum_parts = None

    S3Backend.copy_object = copy_object  # type: ignore[method-assign, assignment]


def load_managed_policies(account_id: str) -> None:
    """Know AWS's own policies, in one partition: with moto's setting on, each of six partitions takes 0.15 s."""
    from moto.core.config import default_user_config
    from moto.iam.models import iam_backends

    default_user_config["iam"] = {"load_aws_managed_policies": True}
    iam_backends[account_id]["aws"]
    default_user_config["iam"] = {"load_aws_managed_policies": False}


def reset_moto() -> None:
    """Forget every record of every service that was used."""
    from moto.moto_api._internal.models import moto_api_backend

    moto_api_backend.reset()
