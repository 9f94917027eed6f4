"""What a Studio domain puts into its network, and leaves there: two security groups, and an interface per app."""

from __future__ import annotations

from localcloud.context import Cloud
from localcloud.sagemaker.api.validation import validation_error

_NFS = {"IpProtocol": "tcp", "FromPort": 2049, "ToPort": 2049}


class StudioNetwork:
    """The groups outlive their domain, and an interface its app by some seconds, as in AWS."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def check(self, vpc: str | None) -> None:
        """Refuse a network that does not exist."""
        if vpc is not None:
            found = self._cloud.client("ec2").describe_vpcs(Filters=[{"Name": "vpc-id", "Values": [vpc]}])
            if not found["Vpcs"]:
                raise validation_error(f"The VPC ID '{vpc}' does not exist.")

    def add_groups(self, domain: str, vpc: str | None) -> list[str]:
        """The ids of the groups for the domain's file system, which refer to each other."""
        if vpc is None:
            return []
        ec2 = self._cloud.client("ec2")
        arn = f"arn:aws:sagemaker:{self._cloud.region}:{self._cloud.account_id}:domain/{domain}"
        tags = [{"Key": "ManagedByAmazonSageMakerResource", "Value": arn}]
        groups = {
            way: ec2.create_security_group(
                GroupName=f"security-group-for-{way}-nfs-{domain}",
                Description=f"[DO NOT DELETE] Security Group that allows {way} NFS traffic for SageMaker Notebooks",
                VpcId=vpc,
                TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}],
            )["GroupId"]
            for way in ("inbound", "outbound")
        }
        for way, authorize in (
            ("inbound", ec2.authorize_security_group_ingress),
            ("outbound", ec2.authorize_security_group_egress),
        ):
            other = groups["outbound" if way == "inbound" else "inbound"]
            authorize(GroupId=groups[way], IpPermissions=[{**_NFS, "UserIdGroupPairs": [{"GroupId": other}]}])
        return list(groups.values())

    def add_interface(self, subnet: str, groups: list[str]) -> str:
        """An interface that SageMaker has attached; its id."""
        from moto.ec2.models import ec2_backends

        made = self._cloud.client("ec2").create_network_interface(SubnetId=subnet, Groups=groups)
        name: str = made["NetworkInterface"]["NetworkInterfaceId"]
        ec2_backends[self._cloud.account_id][self._cloud.region].enis[name].status = "in-use"
        return name

    def remove_interface(self, name: str) -> None:
        from moto.ec2.models import ec2_backends

        ec2_backends[self._cloud.account_id][self._cloud.region].enis.pop(name, None)
