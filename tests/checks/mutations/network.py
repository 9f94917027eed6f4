"""Network, images and the templates themselves."""

from __future__ import annotations

from typing import Any

from tests.checks.mutations.mutant import Mutant, breaks, drop, put


@breaks("network.closed")
def internet_gateway(mutant: Mutant) -> None:
    mutant.add("AWS::EC2::InternetGateway", {})


@breaks("network.closed")
def nat_gateway(mutant: Mutant) -> None:
    mutant.add("AWS::EC2::NatGateway", {"SubnetId": "subnet-1"})


SUBNET, GATEWAY = "AWS::EC2::Subnet", "AWS::EC2::VPCEndpoint"
put("network.private", SUBNET, True, "MapPublicIpOnLaunch")
put("network.flow-logs", "AWS::EC2::FlowLog", "REJECT", "TrafficType")


def _gateway(mutant: Mutant) -> dict[str, Any]:
    return next(item for item in mutant.all(GATEWAY) if item["Properties"]["VpcEndpointType"] == "Gateway")


@breaks("network.existing")
def a_vpc_where_one_exists(mutant: Mutant) -> None:
    for template in mutant.templates.values():
        template["Metadata"]["Kennel::Controls"]["ExistingNetwork"] = {"VpcId": "vpc-1"}


@breaks("network.s3")
def no_gateway_endpoint(mutant: Mutant) -> None:
    _gateway(mutant)["Properties"]["VpcEndpointType"] = "Interface"


@breaks("network.s3-policy")
def any_bucket_through_the_endpoint(mutant: Mutant) -> None:
    _gateway(mutant)["Properties"]["PolicyDocument"]["Statement"][0]["Resource"] = "*"


@breaks("network.s3-policy")
def endpoint_without_policy(mutant: Mutant) -> None:
    del _gateway(mutant)["Properties"]["PolicyDocument"]


@breaks("network.studio")
def studio_without_sts(mutant: Mutant) -> None:
    for item in mutant.all(GATEWAY):
        if str(item["Properties"]["ServiceName"]).endswith(".sts"):
            item["Properties"]["ServiceName"] = "com.amazonaws.us-east-1.sqs"


@breaks("network.endpoint-policy")
def endpoints_for_every_account(mutant: Mutant) -> None:
    for item in mutant.all(GATEWAY):
        if item["Properties"]["VpcEndpointType"] == "Interface":
            item["Properties"].pop("PolicyDocument")


@breaks("network.ingress")
def open_ingress(mutant: Mutant) -> None:
    rule = {"CidrIp": "0.0.0.0/0", "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
    mutant.properties("AWS::EC2::SecurityGroup")["SecurityGroupIngress"] = [rule]


@breaks("network.jobs")
def no_ipsec(mutant: Mutant) -> None:
    for rule in mutant.all("AWS::EC2::SecurityGroupEgress"):
        rule["Properties"]["IpProtocol"] = "tcp"


REPOSITORY = "AWS::ECR::Repository"
put("image.immutable", REPOSITORY, "MUTABLE", "ImageTagMutability")
drop("image.scanned", REPOSITORY, "ImageScanningConfiguration")
drop("image.key", REPOSITORY, "EncryptionConfiguration")
drop("build.key", "AWS::CodeBuild::Project", "EncryptionKey")
put("build.outside", "AWS::CodeBuild::Project", {"VpcId": "vpc-1"}, "VpcConfig")
put("stack.python", "AWS::Lambda::Function", "nodejs22.x", "Runtime")
put("stack.unnamed", "AWS::SageMaker::Model", "my-model", "ModelName")


@breaks("stack.imports")
def weak_reference(mutant: Mutant) -> None:
    mutant.properties("AWS::SageMaker::Model")["ExecutionRoleArn"] = {
        "Fn::GetStackOutput": {"StackName": "a", "OutputName": "b"}
    }


def _export(mutant: Mutant, kind: str, attribute: str) -> None:
    """Hand `attribute` of the first resource of `kind` on to other stacks."""
    template, name = next(
        (template, name)
        for template in mutant.templates.values()
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    )
    value = {"Fn::GetAtt": [name, attribute]}
    template.setdefault("Outputs", {})["Handed"] = {"Value": value, "Export": {"Name": "Images:Handed"}}


@breaks("stack.exports")
def digest_of_the_image_build(mutant: Mutant) -> None:
    _export(mutant, "Custom::ImageBuild", "Serving")


@breaks("stack.exports")
def function_that_may_be_renamed(mutant: Mutant) -> None:
    _export(mutant, "AWS::Lambda::Function", "Arn")


@breaks("stack.removable")
def retained_function(mutant: Mutant) -> None:
    mutant.first("AWS::Lambda::Function")["DeletionPolicy"] = "RetainExceptOnCreate"


@breaks("stack.promises")
def prod_promises_less(mutant: Mutant) -> None:
    for template in mutant.templates.values():
        template["Metadata"]["Kennel::Controls"]["VpcOnlyStudio"] = False
