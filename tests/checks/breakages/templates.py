"""Templates that say less than they do: macros, nested stacks, conditions, custom resources, weaker promises."""

from __future__ import annotations

from typing import Any

from tests.checks.breakages.breakage import STRANGER, Break, add, both, one, put, ref
from tests.checks.mutations import Mutant


def transform(mutant: Mutant) -> None:
    next(iter(mutant.templates.values()))["Transform"] = "AWS::Serverless-2016-10-31"


def macro(mutant: Mutant) -> None:
    one(mutant, "AWS::S3::Bucket", "Data")["Fn::Transform"] = {"Name": "Open", "Parameters": {}}


def included(mutant: Mutant) -> None:
    one(mutant, "AWS::IAM::Policy", "TrainingRole")["PolicyDocument"] = {
        "Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "s3://x/y"}}
    }


def behind_a_condition(kind: str, start: str = "") -> Break:
    def change(mutant: Mutant) -> None:
        stack, name = ref(mutant, kind, start)
        template = mutant.templates[stack]
        template.setdefault("Conditions", {})["Never"] = {"Fn::Equals": ["a", "b"]}
        template["Resources"][name]["Condition"] = "Never"

    return change


def either(kind: str, path: str, value: Any, start: str = "") -> Break:
    """The value behind an Fn::If, as the second branch."""

    def change(mutant: Mutant) -> None:
        stack, name = ref(mutant, kind, start)
        mutant.templates[stack].setdefault("Conditions", {})["Usually"] = {"Fn::Equals": ["a", "a"]}
        holder: Any = mutant.templates[stack]["Resources"][name]["Properties"]
        *way, last = path.split(".")
        for part in way:
            holder = holder[part]
        holder[last] = {"Fn::If": ["Usually", holder.get(last, {"Ref": "AWS::NoValue"}), value]}

    return change


def by_a_parameter(kind: str, path: str, default: str, start: str = "") -> Break:
    def change(mutant: Mutant) -> None:
        stack, _ = ref(mutant, kind, start)
        mutant.templates[stack].setdefault("Parameters", {})["Choice"] = {"Type": "String", "Default": default}
        put(kind, path, {"Ref": "Choice"}, start)(mutant)

    return change


def promise(**changes: Any) -> Break:
    def change(mutant: Mutant) -> None:
        for template in mutant.templates.values():
            template["Metadata"]["Kennel::Controls"].update(changes)

    return change


def not_retained(mutant: Mutant) -> None:
    stack, name = ref(mutant, "AWS::S3::Bucket", "Artifacts")
    mutant.templates[stack]["Resources"][name].update(DeletionPolicy="Delete", UpdateReplacePolicy="Delete")


BREAKAGES: dict[str, Break] = {
    "a transform": transform,
    "a macro in a resource": macro,
    "an included policy": included,
    "a nested stack": add("AWS::CloudFormation::Stack", TemplateURL="https://somebody.s3.amazonaws.com/t.json"),
    "a macro of its own": add("AWS::CloudFormation::Macro", Name="x", FunctionName="y"),
    "a module": add("Somebody::Thing::MODULE"),
    "a type of somebody": add("Somebody::Cloud::Thing"),
    "a registered type": add("AWS::CloudFormation::ResourceVersion", TypeName="X::Y::Z", SchemaHandlerPackage="s3://x/y"),
    "a custom resource elsewhere": add("Custom::Anything", ServiceToken=f"arn:aws:lambda:us-east-1:{STRANGER}:function:x"),
    "a custom resource by a topic": add("AWS::CloudFormation::CustomResource", ServiceToken=f"arn:aws:sns:us-east-1:{STRANGER}:x"),
    "a stack set": add("AWS::CloudFormation::StackSet", StackSetName="x", PermissionModel="SELF_MANAGED"),
    "a bucket policy that is not there": behind_a_condition("AWS::S3::BucketPolicy", "Data"),
    "an alarm that is not there": behind_a_condition("AWS::CloudWatch::Alarm", "ExecutionsFailed"),
    "a flow log that is not there": behind_a_condition("AWS::EC2::FlowLog"),
    "a subscription that is not there": behind_a_condition("AWS::SNS::Subscription"),
    "public access by an Fn::If": either("AWS::S3::Bucket", "PublicAccessBlockConfiguration.BlockPublicAcls", False, "Data"),
    "rotation by an Fn::If": either("AWS::KMS::Key", "EnableKeyRotation", False),
    "internet by an Fn::If": either("AWS::SageMaker::Domain", "AppNetworkAccessType", "PublicInternetOnly"),
    "CORS by an Fn::If": either("AWS::S3::Bucket", "CorsConfiguration", {"CorsRules": []}, "Artifacts"),
    "an image by an Fn::If": either("AWS::SageMaker::Model", "PrimaryContainer.Image", "docker.io/x/y"),
    "isolation by a parameter": by_a_parameter("AWS::SageMaker::Model", "EnableNetworkIsolation", "false"),
    "an image by a parameter": by_a_parameter("AWS::SageMaker::Model", "PrimaryContainer.Image", "docker.io/x/y"),
    "a threshold by a parameter": by_a_parameter("AWS::CloudWatch::Alarm", "Threshold", "1000000", "ExecutionsFailed"),
    "a runtime by a parameter": by_a_parameter("AWS::Lambda::Function", "Handler", "x.y"),
    "an export of somebody": put("AWS::Lambda::Function", "Role", {"Fn::ImportValue": "Other:AdminRole"}),
    "a resolved parameter": put("AWS::SageMaker::Model", "PrimaryContainer.Image", "{{resolve:ssm:/x/image}}"),
    "an answer of a function": put("AWS::SageMaker::Model", "PrimaryContainer.Image", {"Fn::GetAtt": ["Nobody", "Image"]}),
    "data that is deleted": not_retained,
    "weaker promises": promise(Strict=False, Retain=False),
    "a topic of somebody": both(promise(ExistingTopic=f"arn:aws:sns:us-east-1:{STRANGER}:x"), add("AWS::IAM::User")),
    "a database": add("AWS::DynamoDB::Table", TableName="x"),
    "a search domain": add("AWS::OpenSearchService::Domain", AccessPolicies={}),
    "a distribution": add("AWS::CloudFront::Distribution", DistributionConfig={}),
    "an API": add("AWS::ApiGatewayV2::Api", Name="x", ProtocolType="HTTP"),
    "a schedule elsewhere": add("AWS::Scheduler::Schedule", ScheduleExpression="rate(1 hour)", Target={"Arn": "x", "RoleArn": "y"}, FlexibleTimeWindow={"Mode": "OFF"}),
}  # fmt: skip
