"""The execution role of a job or a model: what SageMaker itself needs to run a container."""

from __future__ import annotations

from aws_cdk import Stack
from constructs import Construct

from stacks.constructs.acknowledgements import acknowledge_checkov, acknowledge_wildcard
from stacks.constructs.container_image import ContainerImage
from stacks.constructs.roles import ServiceRole

ATTACH_TO_NETWORK = (
    "ec2:CreateNetworkInterface",
    "ec2:CreateNetworkInterfacePermission",
    "ec2:DeleteNetworkInterface",
    "ec2:DeleteNetworkInterfacePermission",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
)
METRIC_NAMESPACES = ["/aws/sagemaker/*", "AWS/SageMaker"]


class SageMakerRole(ServiceRole):
    """Pulls `image`, writes to `log_group` and to the service's own metrics, runs in the private network.

    An isolated container cannot use the role; SageMaker uses it outside the container.
    """

    def __init__(self, scope: Construct, id: str, *, description: str, image: ContainerImage, log_group: str) -> None:
        super().__init__(scope, id, service="sagemaker", description=description)
        image.allow_pull(self)
        self._allow_logs(log_group)
        self.allow_without_resource(
            ["cloudwatch:PutMetricData"], {"StringLike": {"cloudwatch:namespace": METRIC_NAMESPACES}}
        )
        self.allow_without_resource(ATTACH_TO_NETWORK)
        network = "SageMaker creates and deletes its own network interfaces, whose names are not known before"
        acknowledge_checkov(self.node.find_child("DefaultPolicy"), CKV_AWS_109=network, CKV_AWS_111=network)

    def _allow_logs(self, log_group: str) -> None:
        stack = Stack.of(self)
        arn = f"arn:{stack.partition}:logs:{stack.region}:{stack.account}:log-group:{log_group}:*"
        self.allow(
            ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"], [arn]
        )
        acknowledge_wildcard(self, arn, f"SageMaker names the streams of {log_group}")
