"""Custom resource: start the image build, which answers CloudFormation at its end. Answers here where it cannot."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Mapping
from typing import Any

from lambdas.build_images import ended
from lambdas.build_images.answer import answer, build_variables, start_failure
from lambdas.build_images.environment import Environment
from lambdas.common.clients import client
from lambdas.common.log import logged


@logged
def handler(event: dict[str, Any], context: Any) -> None:
    """Starts a build on creation and update, and answers for one that ended without an answer.

    A deletion is only answered: the stack deletes the repositories.
    """
    if event.get("source") == "aws.codebuild":
        _answer_for(event["detail"]["build-id"])
    elif event["RequestType"] == "Delete":
        _send(event, answer(event))
    else:
        _start(event)


def _start(event: Mapping[str, Any]) -> None:
    try:
        project = Environment.from_environment(os.environ).project
        client("codebuild").start_build(projectName=project, environmentVariablesOverride=build_variables(event))
    except Exception as error:
        _send(event, answer(event, error=start_failure(error)))
        raise


def _answer_for(build_id: str) -> None:
    (build,) = client("codebuild").batch_get_builds(ids=[build_id])["builds"]
    event = ended.waiting_event(build)
    if event and not ended.has_answered(build):
        _send(event, answer(event, error=ended.reason(build)))


def _send(event: Mapping[str, Any], document: Mapping[str, str]) -> None:
    request = urllib.request.Request(  # noqa: S310 - the URL is CloudFormation's
        event["ResponseURL"], data=json.dumps(document).encode(), method="PUT", headers={"Content-Type": ""}
    )
    with urllib.request.urlopen(request, timeout=30):  # noqa: S310
        pass
