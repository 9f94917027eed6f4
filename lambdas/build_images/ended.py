"""What a build that ended badly says of itself, and whether it has answered CloudFormation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

WAITING = ("SUBMITTED", "QUEUED", "PROVISIONING")
"""The phases before a build has a machine."""


def has_answered(build: Mapping[str, Any]) -> bool:
    """Whether its last phase ran to its end: this phase sends the answer."""
    return any(
        phase["phaseType"] == "POST_BUILD" and phase.get("phaseStatus") == "SUCCEEDED" for phase in phases(build)
    )


def waiting_event(build: Mapping[str, Any]) -> dict[str, str] | None:
    """The part of the custom resource's event that the build was started with; None if CloudFormation did not."""
    variables = {item["name"]: item["value"] for item in build["environment"].get("environmentVariables", [])}
    names = {
        "ResponseURL": "RESPONSE_URL",
        "StackId": "STACK_ID",
        "RequestId": "REQUEST_ID",
        "LogicalResourceId": "LOGICAL_ID",
    }
    if not all(name in variables for name in names.values()):
        return None
    return {field: variables[name] for field, name in names.items()}


def reason(build: Mapping[str, Any]) -> str:
    """One sentence: the status, the phase that ended it, what CodeBuild said of it, and what to do."""
    bad = next((item for item in phases(build) if item.get("phaseStatus") not in (None, "SUCCEEDED")), None)
    sentence = f"the image build ended as {build['buildStatus']}"
    if bad:
        said = "; ".join(item["message"] for item in bad.get("contexts", []) if item.get("message"))
        sentence += f" in {bad['phaseType']}" + (f" ({said})" if said else "")
        if bad["phaseType"] in WAITING:
            return (
                f"{sentence}: no machine was free for it: deploy again, or ask AWS Support to raise CodeBuild's limit"
            )
    link = build.get("logs", {}).get("deepLink", "its log")
    return f"{sentence}: see {link}"


def phases(build: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(build.get("phases", []))
