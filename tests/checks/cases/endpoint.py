"""Models, endpoint configurations, endpoints and their scaling."""

from __future__ import annotations

from tests.checks.cases.case import GONE, KEY, KEY_ARN, Case, resource

SUBNETS = {"A": resource("AWS::EC2::Subnet"), "B": resource("AWS::EC2::Subnet")}
GROUP = {"Group": resource("AWS::EC2::SecurityGroup")}
VPC = {"Subnets": [{"Ref": "A"}, {"Ref": "B"}], "SecurityGroupIds": [{"Fn::GetAtt": ["Group", "GroupId"]}]}
IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/serving:1"
MODEL = resource("AWS::SageMaker::Model", VpcConfig=VPC, PrimaryContainer={"Image": IMAGE})
NO_NETWORK = (
    {"X.VpcConfig": GONE},
    {"X.VpcConfig.Subnets": [{"Ref": "A"}]},
    {"X.VpcConfig.Subnets": [{"Ref": "A"}, {"Ref": "A"}]},
    {"X.VpcConfig.Subnets": [{"Ref": "A"}, "subnet-1"]},
    {"X.VpcConfig.Subnets": GONE},
    {"X.VpcConfig.SecurityGroupIds": []},
    {"X.VpcConfig.SecurityGroupIds": GONE},
    {"X.VpcConfig.SecurityGroupIds": [{"Ref": "Group"}, "sg-1"]},
)
ROLE = {
    "Role": resource("AWS::IAM::Role"),
    "P": resource("AWS::IAM::Policy", Roles=[{"Ref": "Role"}]),
    "Q": resource("AWS::IAM::Policy", Roles=["other", {"Ref": "Role"}]),
    "Unrelated": resource("AWS::IAM::Policy", Roles=["other"]),
}
AFTER = resource(
    "AWS::SageMaker::Model", {"DependsOn": ["Q", "P", "Z"]}, ExecutionRoleArn={"Fn::GetAtt": ["Role", "Arn"]}
)
ROUTING = {"Type": "CANARY", "WaitIntervalInSeconds": 1}
ENDPOINT = resource(
    "AWS::SageMaker::Endpoint",
    DeploymentConfig={
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": {"Ref": "Alarm"}}]},
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": ROUTING},
    },
    RetainAllVariantProperties=True,
)
TRAFFIC = "X.DeploymentConfig.BlueGreenUpdatePolicy.TrafficRoutingConfiguration"
ALARMS = "X.DeploymentConfig.AutoRollbackConfiguration.Alarms"
CONFIG = "AWS::SageMaker::EndpointConfig"

CASES = (
    Case(
        "model.isolated",
        {"X": resource("AWS::SageMaker::Model", EnableNetworkIsolation=True)},
        ({"X.EnableNetworkIsolation": False}, {"X.EnableNetworkIsolation": GONE}),
    ),
    Case("model.network", {"X": MODEL, **SUBNETS, **GROUP}, NO_NETWORK),
    Case(
        "model.image",
        {"X": MODEL},
        (
            {"X.PrimaryContainer.Image": "docker.io/library/python:3"},
            {"X.PrimaryContainer.Image": f"x{IMAGE}"},
            {"X.PrimaryContainer.Image": f"{IMAGE}\n"},
            {"X.PrimaryContainer.Image": "public.ecr.aws/x"},
            {"X.PrimaryContainer": GONE},
            {"X.PrimaryContainer.Image": GONE},
            {"X.Containers": [{"Image": IMAGE}, {"Image": "public.ecr.aws/x"}]},
        ),
        (
            {"X.PrimaryContainer": GONE, "X.Containers": [{"Image": IMAGE}]},
            {"X.Containers": [{"ModelDataUrl": "s3://b/k"}]},
            {"X.PrimaryContainer.Image": "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/serving"},
            {"X.PrimaryContainer.Image": {"Fn::Join": ["", [{"Ref": "Repository"}, "@sha256:1"]]}},
        ),
    ),
    Case(
        "model.after-policy",
        {"X": AFTER, **ROLE},
        (
            {"X.DependsOn": ["P"]},
            {"X.DependsOn": GONE},
            {"X.ExecutionRoleArn": "arn:aws:iam::123456789012:role/other"},
            {"X.ExecutionRoleArn": GONE},
            {"P": GONE, "Q": GONE},
        ),
        ({"Q": GONE, "X.DependsOn": "P"}, {"Unrelated.Roles": GONE}),
    ),
    Case(
        "endpoint.key",
        {"Key": KEY, "X": resource(CONFIG, KmsKeyId=KEY_ARN)},
        ({"X.KmsKeyId": GONE}, {"X.KmsKeyId": "alias/aws/ebs"}),
    ),
    Case(
        "endpoint.instances",
        {"X": resource(CONFIG, ProductionVariants=[{"InitialInstanceCount": 2}, {"InitialInstanceCount": 3}])},
        (
            {"X.ProductionVariants.1.InitialInstanceCount": 1},
            {"X.ProductionVariants.0.InitialInstanceCount": GONE},
            {"X.ProductionVariants": []},
            {"X.ProductionVariants": GONE},
        ),
    ),
    Case(
        "endpoint.scaling",
        {"X": resource("AWS::ApplicationAutoScaling::ScalableTarget", MinCapacity=2)},
        ({"X.MinCapacity": 1}, {"X.MinCapacity": GONE}),
        ({"X.MinCapacity": 3},),
    ),
    Case(
        "endpoint.capture",
        {"Key": KEY, "X": resource(CONFIG, DataCaptureConfig={"EnableCapture": True, "KmsKeyId": KEY_ARN})},
        (
            {"X.DataCaptureConfig.EnableCapture": False},
            {"X.DataCaptureConfig.KmsKeyId": GONE},
            {"X.DataCaptureConfig.KmsKeyId": "alias/aws/s3"},
            {"X.DataCaptureConfig": GONE},
        ),
    ),
    Case(
        "endpoint.rollback",
        {"X": ENDPOINT, "Alarm": resource("AWS::CloudWatch::Alarm", MetricName="Invocation5XXErrors")},
        (
            {"Alarm.MetricName": "Invocations"},
            {ALARMS: []},
            {ALARMS: GONE},
            {ALARMS: [{"AlarmName": {"Ref": "Alarm"}}, {"AlarmName": "another"}]},
            {f"{TRAFFIC}.Type": GONE},
            {"X.DeploymentConfig": GONE},
        ),
        ({f"{TRAFFIC}.Type": "ALL_AT_ONCE"},),
    ),
    Case(
        "endpoint.gradual",
        {"X": ENDPOINT},
        (
            {f"{TRAFFIC}.Type": "ALL_AT_ONCE"},
            {f"{TRAFFIC}.WaitIntervalInSeconds": 0},
            {f"{TRAFFIC}.WaitIntervalInSeconds": GONE},
            {"X.DeploymentConfig": GONE},
        ),
        ({f"{TRAFFIC}.Type": "LINEAR"},),
    ),
    Case(
        "endpoint.keeps-scaling",
        {"X": ENDPOINT},
        ({"X.RetainAllVariantProperties": False}, {"X.RetainAllVariantProperties": GONE}),
    ),
)
