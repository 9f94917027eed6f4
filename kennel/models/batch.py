"""Bulk predictions: a SageMaker batch transform job over a folder or prefix of images, and its answers in one list."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError

from config import instances
from imgcls.contract import keys
from imgcls.contract.failures.job_kinds import TRANSFORM
from imgcls.contract.image_files import is_litter_path
from imgcls.contract.serving import ServerSettings
from kennel.cloud.session import Session
from kennel.datasets import uploads
from kennel.datasets.uploads import THREADS
from kennel.errors import KennelError
from kennel.models import published
from kennel.models.batch_results import Batch, Progress, collect, outputs

FINAL = ("Completed", "Failed", "Stopped")
POLL_SECONDS = {"local": 0.5, "aws": 10.0}
_MAX_NAME = 63
_MB = 1024 * 1024


@dataclass(frozen=True)
class Outcome:
    """`answers`: one per image, in order: the container's answer or `error`, with `image` first.

    `notes`: what of a local folder was left out, in sentences.
    """

    job: str
    target_model: str
    status: str
    reason: str
    answers: Sequence[dict[str, Any]] = field(repr=False)
    notes: tuple[str, ...] = ()

    @property
    def num_refused(self) -> int:
        return sum("error" in answer for answer in self.answers)


def run(
    session: Session,
    source: str,
    model: str,
    *,
    instance_type: str | None = None,
    top_k: int = 5,
    progress: Progress = lambda what, done, total: None,
) -> Outcome:
    """Classify every image below `source`, a local folder or an S3 prefix, with the published version of `model`.

    The job's model exists as long as the job. Raises KennelError for what cannot work, and when nothing was answered.
    """
    target_model = published.alias(session, model).current
    job = f"{model[: _MAX_NAME - 30]}-batch-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(2)}"
    batch = _prepare(session, source, job, progress)
    with _model(session, job, keys.MODELS + target_model):
        description = _transform(session, batch, instance_type, top_k, progress)
    answers = collect(session, batch, progress)
    status, reason = description["TransformJobStatus"], description.get("FailureReason", "")
    if not any("error" not in answer for answer in answers):
        detail = next((answer["error"] for answer in answers), "")
        raise KennelError(
            f"the job {job} answered nothing: {reason or status}; {detail} (log: {TRANSFORM.log_group}/{job})"
        )
    return Outcome(job, target_model, status, reason, answers, batch.notes)


def _prepare(session: Session, source: str, job: str, progress: Progress) -> Batch:
    """The images of `source` in S3; a local folder is uploaded first. Raises KennelError."""
    bucket = session.output("DataBucket")
    if not source.startswith("s3://"):
        return _upload(session, Path(source), bucket, job, progress)
    try:
        named, prefix = keys.parse_uri(source)
    except ValueError as error:
        raise KennelError(str(error)) from None
    readable = (keys.BATCH, keys.DATASETS)
    if named != bucket or not prefix.startswith(readable):
        allowed = " or ".join(keys.uri(bucket, item) for item in readable)
        raise KennelError(f"{source} cannot be read by the job: give a local folder, or a prefix below {allowed}")
    pages = session.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    found = {
        item["Key"]: path
        for page in pages
        for item in page.get("Contents", ())
        if not item["Key"].endswith("/") and not is_litter_path(path := _below(item["Key"], prefix))
    }
    if not found:
        raise KennelError(f"{source} contains no images")
    return Batch(job, bucket, prefix, {keys.uri(bucket, key): path for key, path in found.items()})


def _below(key: str, prefix: str) -> str:
    """The path of an object below a prefix; with the name that the prefix begins, where it ends within one."""
    rest = key[len(prefix) :]
    inside = rest and prefix[-1:] != "/" and rest[0] != "/"
    return key[prefix.rfind("/") + 1 :] if inside or not rest else rest.lstrip("/")


def _upload(session: Session, folder: Path, bucket: str, job: str, progress: Progress) -> Batch:
    found = uploads.images(folder, "images, or an S3 prefix like s3://bucket/batch/mine/")
    images = {str(folder / path): path for path in found.paths}
    prefix, s3 = keys.batch_input(job), session.client("s3")

    def send(path: str) -> None:
        s3.put_object(Bucket=bucket, Key=prefix + path, Body=uploads.read(folder / path))

    with ThreadPoolExecutor(THREADS) as pool:
        for done, _ in enumerate(pool.map(send, found.paths), 1):
            progress("uploading", done, len(found.paths))
    return Batch(job, bucket, prefix, images, found.notes)


@contextlib.contextmanager
def _model(session: Session, name: str, archive_key: str) -> Iterator[None]:
    """A model of one archive, in the image, network and isolation of the endpoint's own; deleted after the block."""
    sagemaker = session.client("sagemaker")
    endpoint_model = sagemaker.describe_model(ModelName=session.output("ServingModel"))
    container = endpoint_model["PrimaryContainer"]
    # Its predictions are not traffic of the endpoint: without the endpoint's name the server writes no metrics.
    settings = replace(ServerSettings.from_environment(container.get("Environment", {})), endpoint_name="")
    sagemaker.create_model(
        ModelName=name,
        ExecutionRoleArn=session.output("BatchRole"),
        PrimaryContainer={
            "Image": container["Image"],
            "ModelDataUrl": keys.uri(session.output("ArtifactsBucket"), archive_key),
            "Environment": settings.to_environment(),
        },
        EnableNetworkIsolation=endpoint_model["EnableNetworkIsolation"],
        **({"VpcConfig": endpoint_model["VpcConfig"]} if "VpcConfig" in endpoint_model else {}),
    )
    try:
        yield
    finally:
        sagemaker.delete_model(ModelName=name)


def _transform(
    session: Session, batch: Batch, instance_type: str | None, top_k: int, progress: Progress
) -> dict[str, Any]:
    """Run the job to its end; its last description. The job is stopped when the caller is interrupted."""
    sagemaker, s3 = session.client("sagemaker"), session.client("s3")
    try:
        sagemaker.create_transform_job(**_job_request(session, batch, instance_type, top_k))
    except ParamValidationError as error:
        raise KennelError(f"the job cannot be started: {error}") from None
    except ClientError as error:
        raise KennelError(f"the job cannot be started: {error.response['Error']['Message']}") from None
    try:
        while True:
            description: dict[str, Any] = sagemaker.describe_transform_job(TransformJobName=batch.job)
            progress("predicting", len(outputs(s3, batch)), len(batch.images))
            if description["TransformJobStatus"] in FINAL:
                return description
            time.sleep(POLL_SECONDS[session.config.cloud])
    except KeyboardInterrupt:
        with contextlib.suppress(ClientError):  # it may have ended in this moment
            sagemaker.stop_transform_job(TransformJobName=batch.job)
        raise


def _job_request(session: Session, batch: Batch, instance_type: str | None, top_k: int) -> dict[str, Any]:
    endpoint = session.config.endpoint
    kind, key = instance_type or endpoint.instance_type, session.output("BatchKey")
    return {
        "TransformJobName": batch.job,
        "ModelName": batch.job,
        "BatchStrategy": "SingleRecord",
        "MaxPayloadInMB": max(1, endpoint.server.max_body_bytes // _MB),
        "Environment": {"KENNEL_DEFAULT_ATTRIBUTES": f"format=full,top_k={top_k}"},
        "TransformInput": {
            "DataSource": {
                "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": keys.uri(batch.bucket, batch.prefix)},
            },
            "ContentType": "application/x-image",
            "SplitType": "None",
        },
        "TransformOutput": {
            "S3OutputPath": keys.uri(batch.bucket, batch.output),
            "Accept": "application/json",
            "AssembleWith": "None",
            "KmsKeyId": key,
        },
        "TransformResources": {
            "InstanceType": kind,
            "InstanceCount": 1,
            # Types with local disks encrypt those themselves and refuse a key.
            **({} if instances.has_local_storage(kind) else {"VolumeKmsKeyId": key}),
        },
    }
