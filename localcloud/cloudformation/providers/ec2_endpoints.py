"""VPC endpoints: what ModifyVpcEndpoint takes changes in place."""

from __future__ import annotations

from localcloud.cloudformation.providers.base import Request, changed_names, refuse_changes
from localcloud.cloudformation.providers.conversion import is_true, text
from localcloud.cloudformation.providers.ec2_resource import Ec2Resource
from localcloud.json_types import JsonObject

_MEMBERS = ("RouteTableIds", "SecurityGroupIds", "SubnetIds")


class VpcEndpoint(Ec2Resource[JsonObject]):
    """AWS::EC2::VPCEndpoint."""

    def _change(self, request: Request, physical_id: str, properties: JsonObject, previous: JsonObject) -> None:
        changed = changed_names(properties, previous) - {"Tags"}
        refuse_changes(request, changed - {*_MEMBERS, "PolicyDocument", "PrivateDnsEnabled"})
        values: dict[str, object] = {}
        for name in changed & {*_MEMBERS}:
            now, before = _ids(properties, name), _ids(previous, name)
            added, removed = sorted(now - before), sorted(before - now)
            values |= {f"Add{name}": added} if added else {}
            values |= {f"Remove{name}": removed} if removed else {}
        if "PolicyDocument" in changed:
            policy = properties.get("PolicyDocument")
            values |= {"ResetPolicy": True} if policy is None else {"PolicyDocument": text(policy)}
        if "PrivateDnsEnabled" in changed:
            values["PrivateDnsEnabled"] = is_true(properties.get("PrivateDnsEnabled", False))
        if values:
            request.client("ec2").modify_vpc_endpoint(VpcEndpointId=physical_id, **values)


def _ids(properties: JsonObject, name: str) -> set[str]:
    ids = properties.get(name) or ()
    assert isinstance(ids, list | tuple)
    return {str(item) for item in ids}
