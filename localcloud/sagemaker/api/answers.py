"""Building blocks of answers: timestamps, repeated request fields, and fields that have a value."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from localcloud.sagemaker.api.validation import operation_model


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def echoed(request: Mapping[str, object], describe_operation: str) -> dict[str, object]:
    """The fields of a create request that its describe answer repeats."""
    shape = operation_model(describe_operation).output_shape
    return {name: value for name, value in request.items() if name in shape.members}


def present(**fields: object) -> dict[str, object]:
    """The fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}
