"""The event that CodeBuild sends to EventBridge when the status of a build changes."""

from __future__ import annotations

import datetime

from localcloud.codebuild.record import Build
from localcloud.context import Cloud
from localcloud.event_rules import deliver

DETAIL_TYPE = "CodeBuild Build State Change"


def announce(cloud: Cloud, build: Build) -> None:
    """Send the build's present status to the rules that match it."""
    environment = build.project.get("environment", {})
    detail = {
        "build-status": build.status,
        "project-name": build.project["name"],
        "build-id": build.arn,
        "current-phase": build.current_phase,
        "current-phase-context": "[]",
        "version": "1",
        "additional-information": {
            "build-complete": build.ended is not None,
            "build-number": float(build.number),
            "build-start-time": _text(build.started),
            "initiator": build.initiator,
            "timeout-in-minutes": build.minutes,
            "environment": {
                "image": environment.get("image", ""),
                "privileged-mode": environment.get("privilegedMode", False),
                "environment-variables": [
                    {"name": name, "value": value, "type": "PLAINTEXT"} for name, value in build.variables.items()
                ],
            },
            "logs": {"group-name": build.log_group, "stream-name": build.log_stream, "deep-link": build.console},
            "phases": [
                {
                    "phase-type": phase.kind,
                    "phase-status": phase.status,
                    "phase-context": [f"{phase.code}: {phase.message}"],
                    "start-time": _text(phase.started),
                }
                for phase in build.phases
            ],
        },
    }
    deliver(cloud, "aws.codebuild", DETAIL_TYPE, [build.arn], detail)


def _text(time: datetime.datetime) -> str:
    return time.strftime("%b %d, %Y %I:%M:%S %p")
