"""The answer to a custom resource's event, and the variables with which a build can send it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from imgcls.contract.text import cut

PHYSICAL_ID = "images"
MAX_REASON_BYTES = 400
"""CloudFormation takes a document of at most 4096 bytes, in which a character may become 12 (JSON escapes)."""


def answer(event: Mapping[str, Any], error: str | None = None) -> dict[str, str]:
    """The document that CloudFormation expects at the event's ResponseURL."""
    document = {
        "Status": "FAILED" if error else "SUCCESS",
        "PhysicalResourceId": PHYSICAL_ID,
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
    if error:
        document["Reason"] = cut(error, MAX_REASON_BYTES)
    return document


def start_failure(error: Exception) -> str:
    """One sentence with the fix. An account that may not run builds is refused so, whatever its quota says."""
    code = getattr(error, "response", {}).get("Error", {}).get("Code")
    if code == "AccountLimitExceededException":
        return (
            f"the image build did not start, because CodeBuild runs no more builds in this account ({error}): ask AWS "
            "Support to raise its limit of concurrent builds, or set images.source to docker or uri"
        )
    return f"the image build did not start: {error}"


def build_variables(event: Mapping[str, Any]) -> list[dict[str, str]]:
    """The tag, and what the build needs to answer by itself: it may take longer than a function may run."""
    values = {
        "RESPONSE_URL": event["ResponseURL"],
        "STACK_ID": event["StackId"],
        "REQUEST_ID": event["RequestId"],
        "LOGICAL_ID": event["LogicalResourceId"],
        "ASKED_TAG": event["ResourceProperties"]["Tag"],
        "PHYSICAL_ID": PHYSICAL_ID,
    }
    return [{"name": name, "value": value, "type": "PLAINTEXT"} for name, value in values.items()]
