"""What an update replaces and what it changes in place, by AWS's own resource schemas, of which cfn-lint has a copy."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from checks.assembly import Assembly
from localcloud.cloudformation.providers import all_providers
from tests.stacks.assemblies import ENVIRONMENTS, assembly

SCHEMAS = sorted(
    kind for kind in all_providers() if not kind.startswith(("Custom::", "AWS::CloudFormation::", "AWS::CDK"))
)
# Refused at creation, so that no update meets them.
NEVER_MADE = {
    ("AWS::Lambda::Version", "FunctionScalingConfig"),
    ("AWS::SageMaker::ModelPackageGroup", "ModelPackageGroupPolicy"),
}


def names(schema: dict[str, Any], key: str) -> tuple[set[str], set[str]]:
    """Properties that the schema names as a whole under `key`, and those of which it names a part."""
    pointers = [pointer.removeprefix("/properties/") for pointer in schema.get(key, ())]
    return {item for item in pointers if "/" not in item}, {item.split("/")[0] for item in pointers if "/" in item}


@pytest.mark.parametrize("kind", SCHEMAS)
def test_exactly_what_is_create_only_replaces(kind: str) -> None:
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    (create_only, _), (conditional, _) = (
        names(schema, "createOnlyProperties"),
        names(schema, "conditionalCreateOnlyProperties"),
    )
    given = set(schema["properties"]) - names(schema, "readOnlyProperties")[0] - conditional
    provider = all_providers()[kind]
    replacing = {name for name in given if provider.replaces({name}) and (kind, name) not in NEVER_MADE}
    assert replacing == create_only & given


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_type_of_our_templates_is_walked(environment: str) -> None:
    kinds = {resource.kind for resource in Assembly.load(assembly(environment)).resources}
    assert {kind for kind in kinds if not kind.startswith("Custom::")} <= set(SCHEMAS)


def body(resources: dict[str, Any]) -> str:
    return json.dumps({"Resources": resources})


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{kind}", "Properties": properties}


def ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def network(kind: str, **properties: Any) -> dict[str, Any]:
    groups = {name: resource("EC2::SecurityGroup", GroupDescription=name, VpcId=ref("Vpc")) for name in ("G1", "G2")}
    subnets = {
        f"S{number}": resource("EC2::Subnet", VpcId=ref("Vpc"), CidrBlock=f"10.0.{number}.0/24") for number in (1, 2)
    }
    tables = {name: resource("EC2::RouteTable", VpcId=ref("Vpc")) for name in ("T1", "T2")}
    service = {"Interface": "sts", "Gateway": "s3"}[kind]
    endpoint = {"VpcId": ref("Vpc"), "ServiceName": f"com.amazonaws.us-east-1.{service}", "VpcEndpointType": kind}
    return {
        "Vpc": resource("EC2::VPC", CidrBlock="10.0.0.0/16"),
        **groups,
        **subnets,
        **tables,
        "Endpoint": resource("EC2::VPCEndpoint", **endpoint, **properties),
    }


def policy(action: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def test_an_interface_endpoint_changes_in_place(stacks, client):
    def make(subnets, groups, private, action):
        places = {"SubnetIds": [ref(name) for name in subnets]}
        groups = [{"Fn::GetAtt": [name, "GroupId"]} for name in groups]
        changed = {"PrivateDnsEnabled": private, "PolicyDocument": policy(action), "SecurityGroupIds": groups}
        return network("Interface", **places, **changed)

    stacks.create("interface", make(["S1"], ["G1"], False, "sts:AssumeRole"))
    made, ec2 = stacks.physical("interface", "Endpoint"), client("ec2")
    [before] = ec2.describe_vpc_endpoints(VpcEndpointIds=[made])["VpcEndpoints"]
    after_template = make(["S2"], ["G1", "G2"], True, "sts:GetCallerIdentity")
    stacks.client.create_change_set(
        StackName="interface", ChangeSetName="c", TemplateBody=body(after_template), Capabilities=["CAPABILITY_IAM"]
    )
    [change] = stacks.client.describe_change_set(StackName="interface", ChangeSetName="c")["Changes"]
    assert change["ResourceChange"]["Replacement"] == "False"
    assert stacks.update("interface", after_template)["StackStatus"] == "UPDATE_COMPLETE"
    assert stacks.physical("interface", "Endpoint") == made
    [after] = ec2.describe_vpc_endpoints(VpcEndpointIds=[made])["VpcEndpoints"]
    assert after["SubnetIds"] == [stacks.physical("interface", "S2")]
    assert {group["GroupId"] for group in after["Groups"]} == {
        stacks.physical("interface", name) for name in ("G1", "G2")
    }
    assert after["PrivateDnsEnabled"] is True
    assert "sts:GetCallerIdentity" in after["PolicyDocument"]
    subnets = {
        item["NetworkInterfaceId"]: item["SubnetId"] for item in ec2.describe_network_interfaces()["NetworkInterfaces"]
    }
    assert before["NetworkInterfaceIds"][0] not in subnets
    assert [subnets[name] for name in after["NetworkInterfaceIds"]] == after["SubnetIds"]
    assert stacks.delete("interface") == "DELETE_COMPLETE"


def test_a_gateway_endpoint_gets_other_route_tables_in_place(stacks, client):
    def make(tables):
        return network("Gateway", RouteTableIds=[ref(name) for name in tables])

    def routed():
        found = client("ec2").describe_route_tables()["RouteTables"]
        return {
            table["RouteTableId"] for table in found for route in table["Routes"] if "DestinationPrefixListId" in route
        }

    stacks.create("gateway", make(["T1"]))
    made = stacks.physical("gateway", "Endpoint")
    assert routed() == {stacks.physical("gateway", "T1")}
    assert stacks.update("gateway", make(["T2"]))["StackStatus"] == "UPDATE_COMPLETE"
    assert stacks.physical("gateway", "Endpoint") == made
    assert routed() == {stacks.physical("gateway", "T2")}
    assert stacks.delete("gateway") == "DELETE_COMPLETE"


def test_a_change_that_aws_makes_in_place_and_this_cloud_does_not_is_refused_by_name(stacks):
    def make(**properties):
        vpc = resource("EC2::VPC", CidrBlock="10.0.0.0/16")
        return {"Vpc": vpc, "S": resource("EC2::Subnet", VpcId=ref("Vpc"), CidrBlock="10.0.1.0/24", **properties)}

    stacks.create("in-place", make())
    made = stacks.physical("in-place", "S")
    assert stacks.update("in-place", make(EnableDns64=True))["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "localcloud does not emulate a change of EnableDns64 of AWS::EC2::Subnet" in stacks.reasons("in-place", "S")
    assert stacks.physical("in-place", "S") == made


def test_a_key_is_never_replaced(stacks):
    stacks.create("key", {"Key": resource("KMS::Key")})
    made = stacks.physical("key", "Key")
    changed = {"Key": resource("KMS::Key", KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")}
    assert stacks.update("key", changed)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "You cannot change KeySpec, KeyUsage of an existing key." in stacks.reasons("key", "Key")
    assert stacks.physical("key", "Key") == made


def test_the_description_of_a_rule_a_routes_target_and_an_attachments_gateway_change_in_place(stacks, client):
    def make(note, gateway):
        return {
            "Vpc": resource("EC2::VPC", CidrBlock="10.0.0.0/16"),
            "Group": resource("EC2::SecurityGroup", GroupDescription="g", VpcId=ref("Vpc")),
            "In": resource("EC2::SecurityGroupIngress", GroupId={"Fn::GetAtt": ["Group", "GroupId"]}, IpProtocol="tcp",
                           FromPort=443, ToPort=443, CidrIp="10.0.0.0/16", Description=note),
            "A": resource("EC2::InternetGateway"),
            "B": resource("EC2::InternetGateway"),
            "Attachment": resource("EC2::VPCGatewayAttachment", VpcId=ref("Vpc"), InternetGatewayId=ref(gateway)),
            "Table": resource("EC2::RouteTable", VpcId=ref("Vpc")),
            "Route": {**resource("EC2::Route", RouteTableId=ref("Table"), DestinationCidrBlock="0.0.0.0/0",
                                 GatewayId=ref(gateway)), "DependsOn": "Attachment"},
        }  # fmt: skip

    stacks.create("rules", make("before", "A"))
    ids = {name: stacks.physical("rules", name) for name in ("In", "Attachment", "Route")}
    assert stacks.update("rules", make("after", "B"))["StackStatus"] == "UPDATE_COMPLETE"
    assert ids == {name: stacks.physical("rules", name) for name in ids}
    group, table = stacks.physical("rules", "Group"), stacks.physical("rules", "Table")
    [found] = client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert found["IpPermissions"][0]["IpRanges"] == [{"CidrIp": "10.0.0.0/16", "Description": "after"}]
    [routes] = client("ec2").describe_route_tables(RouteTableIds=[table])["RouteTables"]
    targets = [route["GatewayId"] for route in routes["Routes"] if route["DestinationCidrBlock"] == "0.0.0.0/0"]
    assert targets == [stacks.physical("rules", "B")]
    assert stacks.delete("rules") == "DELETE_COMPLETE"


def test_an_inline_policy_takes_another_name_in_place_and_leaves_none_behind(stacks, client):
    def make(name):
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
        return {
            "Role": resource("IAM::Role", AssumeRolePolicyDocument={"Version": "2012-10-17", "Statement": [trust]}),
            "Policy": resource("IAM::Policy", PolicyName=name, PolicyDocument=document, Roles=[ref("Role")]),
        }

    stacks.create("policies", make("before"))
    assert stacks.update("policies", make("after"))["StackStatus"] == "UPDATE_COMPLETE"
    role = stacks.physical("policies", "Role")
    assert client("iam").list_role_policies(RoleName=role)["PolicyNames"] == ["after"]


def test_a_budget_with_other_subscribers_is_another_budget(stacks, client):
    def make(limit, address):
        budget = {"BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": {"Amount": limit, "Unit": "USD"}}
        when = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80}
        told = [{"Notification": when, "Subscribers": [{"SubscriptionType": "EMAIL", "Address": address}]}]
        return {"Budget": resource("Budgets::Budget", Budget=budget, NotificationsWithSubscribers=told)}

    stacks.create("budget", make(10, "a@kennel.test"))
    made = stacks.physical("budget", "Budget")
    stacks.update("budget", make(20, "a@kennel.test"))
    assert stacks.physical("budget", "Budget") == made
    assert stacks.update("budget", make(20, "b@kennel.test"))["StackStatus"] == "UPDATE_COMPLETE"
    assert stacks.physical("budget", "Budget") != made
