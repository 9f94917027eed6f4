"""What waits for the endpoint: versions that passed their gate and are not smoke-tested, so not published."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from imgcls.contract import keys
from imgcls.contract.alias import Alias
from imgcls.contract.failures import service_errors
from imgcls.contract.staged import Staged, is_open
from kennel.cloud.session import Session


def waiting(session: Session, aliases: Mapping[str, Alias]) -> dict[str, Staged]:
    """Model -> its staged version. `aliases`: those of the published models."""
    s3, bucket = session.client("s3"), session.output("ArtifactsBucket")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=keys.STAGED)
    found = {}
    for key in (item["Key"] for page in pages for item in page.get("Contents", ())):
        staged = Staged.from_dict(json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read()))
        published = staged.is_published(aliases.get(staged.name))
        if not published and is_open(_approval(session, staged.package_arn)):
            found[staged.name] = staged
    return found


def how_to_publish(session: Session, staged: Staged) -> str:
    """One sentence for a person who asks for a model that is only staged."""
    return (
        f"nothing is published as {staged.name}: version {staged.version} is staged; `{command(session)}` tests and "
        "publishes it"
    )


def command(session: Session) -> str:
    """The command that publishes what is staged."""
    return f"kennel endpoint on --env {session.config.environment}"


def _approval(session: Session, package_arn: str) -> str | None:
    try:
        answer: dict[str, Any] = session.client("sagemaker").describe_model_package(ModelPackageName=package_arn)
    except ClientError as error:
        if service_errors.is_missing(error.response):
            return None
        raise
    return str(answer["ModelApprovalStatus"])
