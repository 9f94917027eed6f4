"""CreateModelPackage's parameters: a version's archive, metrics and lineage. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from imgcls.contract import evaluation, serving
from imgcls.contract.staged import APPROVED, PENDING, REJECTED
from imgcls.contract.text import cut

MAX_DESCRIPTION, MAX_METADATA = 1024, 256
"""Limits of ModelPackageDescription and of a CustomerMetadataProperties value."""


def model_package(event: Mapping[str, Any], serving_image: str) -> dict[str, Any]:
    """The request for RegisterModel's event. The same execution and model give the same client token.

    `archive_uri` is the immutable copy if the version passed the gate, and the run's own archive if not, whose `sha256`
    is empty. `source` is empty, or the lineage of a version that comes from another environment. An execution that
    began before this function was deployed sends neither.
    """
    gate = event["gate"]
    return {
        "ModelPackageGroupName": event["package_group"],
        "ModelPackageDescription": cut(f"{event['model']} {event['version']}: {gate['reason']}", MAX_DESCRIPTION),
        # Approved only when it is published: no version is approved before its smoke test.
        "ModelApprovalStatus": PENDING if gate["passed"] else REJECTED,
        "ClientToken": _token(event["execution"], event["model"]),
        "InferenceSpecification": {
            "Containers": [{"Image": serving_image, "ModelDataUrl": event["archive_uri"]}],
            "SupportedContentTypes": [*serving.IMAGE_TYPES, *serving.SNIFFED_TYPES, serving.BATCH_TYPE],
            "SupportedResponseMIMETypes": ["application/json"],
        },
        "ModelMetrics": {
            "ModelQuality": {
                "Statistics": {"ContentType": "application/json", "S3Uri": _beside(event["archive_uri"])},
            }
        },
        "CustomerMetadataProperties": _metadata(event),
    }


def approval(event: Mapping[str, Any]) -> dict[str, Any]:
    """UpdateModelPackage's parameters for `{"package_arn", "approved", "reason"}`."""
    return {
        "ModelPackageArn": event["package_arn"],
        "ModelApprovalStatus": APPROVED if event["approved"] else REJECTED,
        "ApprovalDescription": cut(event["reason"], MAX_DESCRIPTION),
    }


def _metadata(event: Mapping[str, Any]) -> dict[str, str]:
    gate = event["gate"]
    values = {
        "version": event["version"],
        "execution": event["execution"],
        "training_job": event["training_job"],
        "dataset": event["dataset"],
        "manifest_id": event["manifest_id"],
        "accuracy": f"{gate['accuracy']:.6f}",
    }
    if gate["champion_accuracy"] is not None:
        values["champion_accuracy"] = f"{gate['champion_accuracy']:.6f}"
    if sha256 := event.get("sha256"):
        values["sha256"] = sha256
    values |= event.get("source", {})
    return {name: cut(value, MAX_METADATA) for name, value in values.items()}


def _beside(archive_uri: str) -> str:
    """The evaluation of an archive, which lives as long."""
    return f"{archive_uri.rpartition('/')[0]}/{evaluation.FILE}"


def _token(execution: str, model: str) -> str:
    return hashlib.sha256(f"{execution}/{model}".encode()).hexdigest()[:36]
