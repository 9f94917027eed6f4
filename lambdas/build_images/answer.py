"""What CloudFormation is told of a build: the variables with which it answers itself, and why it did not start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PHYSICAL_ID = "images"


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
