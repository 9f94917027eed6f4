"""Custom resource: start the image build, which answers CloudFormation at its end. Answers here if it cannot start."""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Mapping
from typing import Any

from lambdas.build_images.answer import answer, build_variables
from lambdas.build_images.environment import Environment
from lambdas.common.clients import client
from lambdas.common.log import logged


@logged
def handler(event: dict[str, Any], context: Any) -> None:
    """Starts a build on creation and update. A deletion is only answered: the stack deletes the repositories."""
    if event["RequestType"] == "Delete":
        _send(event, answer(event))
        return
    try:
        project = Environment.from_environment(os.environ).project
        client("codebuild").start_build(projectName=project, environmentVariablesOverride=build_variables(event))
    except Exception as error:
        _send(event, answer(event, error=f"the image build did not start: {error}"))
        raise


def _send(event: Mapping[str, Any], document: Mapping[str, str]) -> None:
    request = urllib.request.Request(  # noqa: S310 - the URL is CloudFormation's
        event["ResponseURL"], data=json.dumps(document).encode(), method="PUT", headers={"Content-Type": ""}
    )
    with urllib.request.urlopen(request, timeout=30):  # noqa: S310
        pass
