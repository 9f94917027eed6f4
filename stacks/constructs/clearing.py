"""What takes SageMaker's leftovers out of the network, and apps out of Studio, when their stack is deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import IConstruct

from lambdas.clear_network.handler import APPS, INTERFACES, LEFTOVERS
from stacks.constructs.custom_resource import ActsOnDeletion
from stacks.constructs.network import ExistingNetwork, PrivateNetwork
from stacks.constructs.studio_domain import StudioDomain

DESCRIBE = ("ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups")
DELETE_IN_NETWORK = {
    "security-group": (
        "ec2:DeleteSecurityGroup",
        "ec2:RevokeSecurityGroupEgress",
        "ec2:RevokeSecurityGroupIngress",
    ),
    "network-interface": ("ec2:DeleteNetworkInterface",),
}
FIND_APPS = ("sagemaker:ListApps", "sagemaker:ListSpaces")
DELETE_IN_STUDIO = {"app": "sagemaker:DeleteApp", "space": "sagemaker:DeleteSpace"}


class Clearing(ActsOnDeletion):
    """Of the stack that has the network and Studio."""

    lambda_name = "clear_network"
    description = "Takes away what SageMaker leaves in the network and in Studio"

    def add_leftovers(self, network: PrivateNetwork) -> IConstruct:
        """Waits for SageMaker's interfaces and deletes the security groups of domains. Returns what to depend on."""
        self._function.service_role.allow_without_resource(DESCRIBE)
        return self._function.add(
            self,
            "Leftovers",
            LEFTOVERS,
            {
                "VpcId": network.vpc_id,
                "SecurityGroupIds": list(network.placement.security_groups),
                # Not read: the subnets must outlive what waits for the interfaces in them.
                "SubnetIds": list(network.placement.subnets),
            },
            [
                self._allowed("ec2", kind, "*", actions, {"ArnEquals": {"ec2:Vpc": network.vpc_arn}})
                for kind, actions in DELETE_IN_NETWORK.items()
            ],
        )

    def add_interfaces(self, network: ExistingNetwork) -> IConstruct:
        """Waits for SageMaker's interfaces in the group that was made in somebody else's network.

        Its role may delete no security group: the domain's own look like those of any other domain, and IAM cannot
        tell them apart before the domain has an id. `kennel destroy` deletes them by that id. A detached interface in
        the group would keep it forever; IAM knows the subnet of an interface, and not its groups.
        """
        self._function.service_role.allow_without_resource(DESCRIBE[:1])
        return self._function.add(
            self,
            "Interfaces",
            INTERFACES,
            {"VpcId": network.vpc_id, "SecurityGroupIds": list(network.placement.security_groups)},
            [
                self._allowed(
                    "ec2",
                    "network-interface",
                    "*",
                    DELETE_IN_NETWORK["network-interface"],
                    {"ArnLike": {"ec2:Subnet": network.subnet_arns}},
                )
            ],
        )

    def add_apps(self, studio: StudioDomain) -> None:
        """Deletes what people opened in Studio, before their profiles."""
        domain = studio.domain.attr_domain_id
        self._function.service_role.allow_without_resource(FIND_APPS)
        allowed = [
            self._allowed("sagemaker", kind, f"{domain}/*", [action]) for kind, action in DELETE_IN_STUDIO.items()
        ]
        resource = self._function.add(self, "Apps", APPS, {"DomainId": domain}, allowed)
        for profile in studio.profiles:
            resource.node.add_dependency(profile)

    def _allowed(
        self, service: str, kind: str, name: str, actions: Sequence[str], conditions: Mapping[str, Any] | None = None
    ) -> iam.PolicyStatement:
        arn = Stack.of(self).format_arn(service=service, resource=kind, resource_name=name)
        return iam.PolicyStatement(actions=list(actions), resources=[arn], conditions=conditions)
