"""Images, and the templates themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator

from checks.assembly import Assembly, Resource
from checks.control import Control, each, some

REPOSITORY, BUILD = "AWS::ECR::Repository", "AWS::CodeBuild::Project"
NAMES = {
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::CompositeAlarm": "AlarmName",
    "AWS::CodeBuild::Project": "Name",
    "AWS::ECR::Repository": "RepositoryName",
    "AWS::IAM::Role": "RoleName",
    "AWS::KMS::Alias": "AliasName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SageMaker::EndpointConfig": "EndpointConfigName",
    "AWS::SageMaker::Model": "ModelName",
}
"""A fixed name collides with the copy that an update makes first."""

PROD_PROMISES = ("Strict", "Retain", "IsolatedTraining", "IsolatedEndpoint", "VpcOnlyStudio")


def scripted(assembly: Assembly) -> Iterator[str]:
    for function in assembly.of("AWS::Lambda::Function"):
        if not str(function.get("Runtime", "")).startswith("python"):
            yield function.label


def weakly_tied(assembly: Assembly) -> Iterator[str]:
    return (name for name, template in assembly.templates.items() if "Fn::GetStackOutput" in json.dumps(template))


def named(assembly: Assembly) -> Iterator[str]:
    return (resource.label for resource in assembly.resources if resource.get(NAMES.get(resource.kind, "")) is not None)


def retained(assembly: Assembly) -> Iterator[str]:
    """Retained resources of other kinds would be in the way of the next deploy."""
    lasting = {"AWS::S3::Bucket", "AWS::KMS::Key", "AWS::ECR::Repository", "AWS::SageMaker::ModelPackageGroup"}
    for resource in assembly.resources:
        if resource.raw.get("DeletionPolicy", "").startswith("Retain") and resource.kind not in lasting:
            yield resource.label


def keeps_promises(assembly: Assembly) -> bool:
    """The other controls believe what an environment promises; this one does not let prod promise less."""
    return assembly.expected["Environment"] != "prod" or all(assembly.expected.get(name) for name in PROD_PROMISES)


def scanned(repository: Resource, _: Assembly) -> bool:
    return repository.get("ImageScanningConfiguration.ScanOnPush") is True


CONTROLS = (
    each(
        "image.immutable",
        "never move a tag",
        REPOSITORY,
        lambda repository, _: repository.get("ImageTagMutability") == "IMMUTABLE",
    ),
    each("image.scanned", "scan what is pushed", REPOSITORY, scanned),
    each(
        "image.key",
        "be encrypted with the customer key",
        REPOSITORY,
        lambda repository, assembly: assembly.at(repository.get("EncryptionConfiguration.KmsKey"), "AWS::KMS::Key"),
    ),
    each(
        "build.key",
        "encrypt its results with the customer key",
        BUILD,
        lambda project, assembly: assembly.at(project.get("EncryptionKey"), "AWS::KMS::Key"),
    ),
    each("build.outside", "build outside the private network", BUILD, lambda project, _: not project.get("VpcConfig")),
    Control("stack.python", "be Python: the CDK's own helpers in JavaScript stay out", scripted),
    Control("stack.imports", "tie stacks by exports, which CloudFormation protects", weakly_tied),
    Control("stack.unnamed", "leave its name to CloudFormation", named),
    Control("stack.removable", "go with its stack unless it holds data", retained),
    some("stack.promises", "promise all controls in prod", keeps_promises),
)
