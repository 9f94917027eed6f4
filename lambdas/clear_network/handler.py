"""Custom resources that are deleted before a Studio profile, or before the network that SageMaker was in."""

from __future__ import annotations

from typing import Any

from lambdas.clear_network import leftovers, studio
from lambdas.common import custom_resource
from lambdas.common.clients import client
from lambdas.common.custom_resource import DELETING, ROLLING_BACK
from lambdas.common.log import logged

APPS, LEFTOVERS, INTERFACES = "Custom::StudioApps", "Custom::NetworkLeftovers", "Custom::NetworkInterfaces"
"""The last is for a network of somebody else, where nothing is deleted but what SageMaker left in our own group."""


@logged
def handler(event: dict[str, Any], context: Any) -> None:
    """Does nothing until the stack is deleted: an update that drops the resource closes nobody's notebook."""
    custom_resource.run(event, make=custom_resource.nothing, remove=_remove)


def _remove(event: custom_resource.Event) -> None:
    if custom_resource.stack_status(event) not in (DELETING, ROLLING_BACK):
        return
    properties = event["ResourceProperties"]
    if event["ResourceType"] == APPS:
        studio.remove(client("sagemaker"), properties["DomainId"])
    if event["ResourceType"] == LEFTOVERS:
        leftovers.remove(client("ec2"), properties["VpcId"], properties["SecurityGroupIds"])
    if event["ResourceType"] == INTERFACES:
        leftovers.remove_interfaces(client("ec2"), properties["VpcId"], properties["SecurityGroupIds"])
