"""moto as the keeper of records: its settings, its WSGI application, its reset, and what it must not enforce."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def moto_application() -> Callable[..., Iterable[bytes]]:
    """moto's server application, set to run state machines and to use no Docker."""
    from moto.core.config import default_user_config
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    default_user_config["lambda"] = {"use_docker": False}
    default_user_config["batch"] = {"use_docker": False}
    _record_bucket_policies_only()
    _record_composite_alarms()
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


def _record_composite_alarms() -> None:
    """moto's PutMetricAlarm keeps alarm rules, and DescribeAlarms answers them; only the operation has no name."""
    from moto.cloudwatch.responses import CloudWatchResponse

    CloudWatchResponse.put_composite_alarm = lambda self: self.put_metric_alarm()  # type: ignore[attr-defined]


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
