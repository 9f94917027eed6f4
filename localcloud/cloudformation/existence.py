"""Does everything that a deployed stack claims to have made exist, asked of the services themselves?"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from localcloud.cloudformation.not_emulated import NOT_EMULATED
from localcloud.cloudformation.providers import provider_for


@dataclass(frozen=True)
class MissingResource:
    """A resource of a stack that no service answers."""

    stack: str
    logical_id: str
    type: str
    physical_id: str | None


def missing_resources(client: Callable[[str], Any], stack: str) -> list[MissingResource]:
    """Resources of `stack` that do not exist; the types on the written list of what is not emulated aside.

    client: service name -> boto3 client of a running local cloud, for example `local_cloud.cloud.client`.
    """
    missing = []
    for item in _resources(client, stack):
        if item["type"] in NOT_EMULATED or item["status"] == "DELETE_COMPLETE":
            continue
        found = item["physical_id"] is not None and provider_for(item["type"]).exists(
            client, item["physical_id"], item["properties"]
        )
        if not found:
            missing.append(MissingResource(stack, item["logical_id"], item["type"], item["physical_id"]))
    return missing


def _resources(client: Callable[[str], Any], stack: str) -> list[dict[str, Any]]:
    # The CloudFormation API does not tell a resource's properties, and some are needed to find it.
    url = client("cloudformation").meta.endpoint_url
    with urllib.request.urlopen(f"{url}/_localcloud/stacks/{quote(stack, safe='')}") as answer:  # noqa: S310
        return json.load(answer)
