"""Whether the resources that a deployed stack reports really exist, according to the services themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from localcloud.cloudformation.not_emulated import NOT_EMULATED
from localcloud.cloudformation.providers import provider_for
from localcloud.cloudformation.providers.base import ClientFactory
from localcloud.json_types import JsonObject
from localcloud.orders import ask


@dataclass(frozen=True)
class MissingResource:
    """A resource of a stack that its service does not know."""

    stack: str
    logical_id: str
    type: str
    physical_id: str | None


class DeployedResource(TypedDict):
    """A resource of a stack with the properties that its provider was given."""

    logical_id: str
    type: str
    physical_id: str | None
    status: str
    properties: JsonObject


def missing_resources(client: ClientFactory, stack: str) -> list[MissingResource]:
    """Resources of `stack` that do not exist; types in NOT_EMULATED are left out.

    client: service name -> boto3 client of a running local cloud, for example `local_cloud.cloud.client`.
    """
    missing = []
    for item in _resources(client, stack):
        if item["type"] in NOT_EMULATED or item["status"] == "DELETE_COMPLETE":
            continue
        physical_id = item["physical_id"]
        found = physical_id is not None and provider_for(item["type"]).exists(client, physical_id, item["properties"])
        if not found:
            missing.append(MissingResource(stack, item["logical_id"], item["type"], physical_id))
    return missing


def _resources(client: ClientFactory, stack: str) -> list[DeployedResource]:
    # CloudFormation's API does not show a resource's properties, and some are needed to find it.
    resources: list[DeployedResource] = ask(client, f"/_localcloud/stacks/{stack}")
    return resources
