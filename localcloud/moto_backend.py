"""moto, which keeps most records: its settings, its WSGI application, its reset, and the parts that are replaced."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from localcloud.network_references import refuse_what_does_not_exist
from localcloud.networks import refuse_deleting_what_is_in_use
from localcloud.replacement import replaced
from localcloud.vpc_endpoints import complete_endpoint_changes

_NOTHING_RUNS = {
    "stepfunctions": {"execute_state_machine": False},
    "lambda": {"use_docker": False},
    "batch": {"use_docker": False},
}


@contextlib.contextmanager
def moto_records(account_id: str, objects: Path) -> Iterator[Callable[..., Iterable[bytes]]]:
    """moto's server application without records, set to run nothing; moto is restored afterwards.

    objects: the folder for the content of S3's objects; made if need be.
    """
    from moto.core.config import default_user_config
    from moto.moto_server import werkzeug_app

    from localcloud.s3.front import streamed

    settings = dict(default_user_config)
    with contextlib.ExitStack() as replacements:
        # Otherwise every answer tells every origin that it may read it.
        replacements.enter_context(replaced(werkzeug_app, "DISABLE_GLOBAL_CORS", True))
        _replace_bucket_policies(replacements)
        refuse_deleting_what_is_in_use(replacements)
        refuse_what_does_not_exist(replacements)
        complete_endpoint_changes(replacements)
        default_user_config.update(_NOTHING_RUNS)  # type: ignore[typeddict-item]
        _load_managed_policies(account_id)
        application = werkzeug_app.DomainDispatcherApplication(werkzeug_app.create_backend_app)
        try:
            yield replacements.enter_context(streamed(application, account_id, objects))
        finally:
            _reset()
            default_user_config.clear()  # type: ignore[attr-defined]
            default_user_config.update(settings)  # type: ignore[typeddict-item]


def _replace_bucket_policies(replacements: contextlib.ExitStack) -> None:
    """Bucket policies and access logging are stored and returned, but neither enforced nor carried out.

    moto ignores a policy's conditions, so that a TLS-only Deny would deny everything. It requires the log-delivery
    permission for PutBucketLogging, which AWS does not. And it writes a log object during every request, so that a log
    bucket could never be emptied and deleted.
    """
    from moto.s3.models import FakeBucket, S3Backend

    enabled = staticmethod(lambda target_bucket, target_prefix: True)
    replacements.enter_context(replaced(FakeBucket, "get_permission", lambda self, action, resource: None))
    replacements.enter_context(replaced(FakeBucket, "_log_permissions_enabled_policy", enabled))
    replacements.enter_context(replaced(S3Backend, "log_incoming_request", lambda self, request, bucket_name: None))


def _load_managed_policies(account_id: str) -> None:
    """Load AWS's managed policies in one partition only: with moto's setting, each of six partitions takes 0.15 s."""
    from moto.core.config import default_user_config
    from moto.iam.models import iam_backends

    default_user_config["iam"] = {"load_aws_managed_policies": True}
    iam_backends[account_id]["aws"]
    default_user_config["iam"] = {"load_aws_managed_policies": False}


def _reset() -> None:
    """Forget every record of every service that was used."""
    from moto.moto_api._internal.models import moto_api_backend

    moto_api_backend.reset()
