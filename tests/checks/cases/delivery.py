"""Images, builds, stacks, and the SageMaker domain."""

from __future__ import annotations

from tests.checks.cases.case import GONE, KEY, KEY_ARN, Case, resource

REPOSITORY, BUILD = "AWS::ECR::Repository", "AWS::CodeBuild::Project"
PROMISES = ("Strict", "Retain", "IsolatedTraining", "IsolatedEndpoint", "VpcOnlyStudio")
NAMED = {
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::CompositeAlarm": "AlarmName",
    BUILD: "Name",
    "AWS::IAM::Role": "RoleName",
    "AWS::KMS::Alias": "AliasName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SageMaker::EndpointConfig": "EndpointConfigName",
    "AWS::SageMaker::Model": "ModelName",
}
LASTING = ("AWS::S3::Bucket", "AWS::KMS::Key", REPOSITORY)
IDLE = {"AppLifecycleManagement": {"IdleSettings": {"LifecycleManagement": "ENABLED", "IdleTimeoutInMinutes": 60}}}
APPS = ("JupyterLabAppSettings", "CodeEditorAppSettings")
DOMAIN = resource(
    "AWS::SageMaker::Domain",
    AppNetworkAccessType="VpcOnly",
    KmsKeyId=KEY_ARN,
    DefaultUserSettings=dict.fromkeys(APPS, IDLE),
    HomeEfsFileSystemCreation="Disabled",
)

CASES = (
    Case(
        "image.immutable",
        {"X": resource(REPOSITORY, ImageTagMutability="IMMUTABLE")},
        ({"X.ImageTagMutability": "MUTABLE"}, {"X.ImageTagMutability": GONE}),
    ),
    Case(
        "image.scanned",
        {"X": resource(REPOSITORY, ImageScanningConfiguration={"ScanOnPush": True})},
        ({"X.ImageScanningConfiguration.ScanOnPush": False}, {"X.ImageScanningConfiguration": GONE}),
    ),
    Case(
        "image.key",
        {"Key": KEY, "X": resource(REPOSITORY, EncryptionConfiguration={"KmsKey": KEY_ARN})},
        ({"X.EncryptionConfiguration": GONE}, {"X.EncryptionConfiguration.KmsKey": "alias/aws/ecr"}),
    ),
    Case(
        "build.key",
        {"Key": KEY, "X": resource(BUILD, EncryptionKey=KEY_ARN)},
        ({"X.EncryptionKey": GONE}, {"X.EncryptionKey": "alias/aws/s3"}, {"Key.Type": "AWS::SNS::Topic"}),
    ),
    Case("build.outside", {"X": resource(BUILD)}, ({"X.VpcConfig": {"VpcId": "vpc-1"}},)),
    Case(
        "stack.python",
        {"X": resource("AWS::Lambda::Function", Runtime="python3.14")},
        ({"X.Runtime": "nodejs20.x"}, {"X.Runtime": "my-python"}, {"X.Runtime": GONE}),
        ({"X.Runtime": "python3.12"},),
    ),
    Case(
        "stack.imports",
        {"X": resource("AWS::S3::Bucket")},
        ({"X.Tags": [{"Key": "a", "Value": {"Fn::GetStackOutput": "Other.Name"}}]},),
        culprit="Main",
    ),
    *(
        Case("stack.unnamed", {"X": resource(kind)}, ({f"X.{name}": "fixed"},), ({"X.Type": "AWS::Other::Thing"},))
        for kind, name in NAMED.items()
    ),
    Case(
        "stack.removable",
        {"X": resource("AWS::IAM::Role", {"DeletionPolicy": "Delete"})},
        (
            {"X.DeletionPolicy": "Retain"},
            {"X.DeletionPolicy": "RetainExceptOnCreate"},
            *({"X.DeletionPolicy": "Retain", "X.Type": kind} for kind in LASTING),
        ),
        (
            {"X.DeletionPolicy": GONE},
            *({"X.DeletionPolicy": "RetainExceptOnCreate", "X.Type": kind} for kind in LASTING),
        ),
    ),
    Case(
        "domain.vpc-only",
        {"X": DOMAIN},
        ({"X.AppNetworkAccessType": "PublicInternetOnly"}, {"X.AppNetworkAccessType": GONE}),
    ),
    Case("domain.key", {"Key": KEY, "X": DOMAIN}, ({"X.KmsKeyId": GONE}, {"X.KmsKeyId": "alias/aws/efs"})),
    Case(
        "domain.idle",
        {"X": DOMAIN},
        (
            *({f"X.DefaultUserSettings.{app}": GONE} for app in APPS),
            *({f"X.DefaultUserSettings.{app}": {"AppLifecycleManagement": {}}} for app in APPS),
            {"X.DefaultUserSettings.CodeEditorAppSettings.AppLifecycleManagement.IdleSettings": {
                "LifecycleManagement": "DISABLED", "IdleTimeoutInMinutes": 60,
            }},
            {"X.DefaultUserSettings.CodeEditorAppSettings.AppLifecycleManagement.IdleSettings": {
                "LifecycleManagement": "ENABLED",
            }},
        ),
    ),
    Case(
        "domain.no-file-system",
        {"X": DOMAIN},
        ({"X.HomeEfsFileSystemCreation": "Enabled"}, {"X.HomeEfsFileSystemCreation": GONE}),
    ),
    Case(
        "domain.spaces",
        {"X": DOMAIN},
        ({"Apps": resource("Custom::StudioApps")},),
        ({"Apps": resource("Custom::NetworkLeftovers")},),
    ),
)  # fmt: skip
