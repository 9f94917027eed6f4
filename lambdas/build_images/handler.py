"""Custom resource: start the image build, which answers CloudFormation at its end. Answers here where it cannot."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from lambdas.build_images import ended
from lambdas.build_images.answer import PHYSICAL_ID, build_variables, start_failure
from lambdas.build_images.environment import Environment
from lambdas.common import custom_resource
from lambdas.common.clients import client
from lambdas.common.log import logged


@logged
def handler(event: dict[str, Any], context: Any) -> None:
    """Starts a build on creation and update, and answers for one that ended without an answer.

    A deletion is only answered: the stack deletes the repositories. Images that are there need no build: an update
    that is rolled back must not fail for want of one.
    """
    if event.get("source") == "aws.codebuild":
        _answer_for(event["detail"]["build-id"].partition(":build/")[2])
    elif event["RequestType"] == "Delete":
        custom_resource.send(event, PHYSICAL_ID)
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
        custom_resource.send(event, PHYSICAL_ID, start_failure(error))
        raise
    if there:
        custom_resource.send(event, PHYSICAL_ID)


def _has(repository: str, tag: str) -> bool:
    found = client("ecr").batch_get_image(repositoryName=repository, imageIds=[{"imageTag": tag}])
    return bool(found["images"])


def _answer_for(build_id: str) -> None:
    (build,) = client("codebuild").batch_get_builds(ids=[build_id])["builds"]
    event = ended.waiting_event(build)
    if event and not ended.has_answered(build):
        custom_resource.send(event, PHYSICAL_ID, ended.reason(build))
