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

    A deletion is only answered: the stack deletes the repositories. Images that are there need no build: an update
    that is rolled back must not fail for want of one.
    """
    if event.get("source") == "aws.codebuild":
        _answer_for(event["detail"]["build-id"])
    elif event["RequestType"] == "Delete":
        _send(event, answer(event))
    else:
        _start(event)


def _start(event: Mapping[str, Any]) -> None:
    try:
        environment = Environment.from_environment(os.environ)
        there = all(_has(name, event["ResourceProperties"]["Tag"]) for name in environment.repositories)
        if not there:
            variables = build_variables(event)
            client("codebuild").start_build(projectName=environment.project, environmentVariablesOverride=variables)
    except Exception as error:
        _send(event, answer(event, error=start_failure(error)))
        raise
    if there:
        _send(event, answer(event))


def _has(repository: str, tag: str) -> bool:
    found = client("ecr").batch_get_image(repositoryName=repository, imageIds=[{"imageTag": tag}])
    return bool(found["images"])


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
