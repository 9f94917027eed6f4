"""Images, and the templates themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator

from checks.assembly import Assembly, Resource
from checks.control import Control, each, of_assembly

REPOSITORY, BUILD = "AWS::ECR::Repository", "AWS::CodeBuild::Project"
NAMES = {
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::CompositeAlarm": "AlarmName",
    "AWS::CodeBuild::Project": "Name",
    "AWS::IAM::Role": "RoleName",
    "AWS::KMS::Alias": "AliasName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SageMaker::EndpointConfig": "EndpointConfigName",
    "AWS::SageMaker::Model": "ModelName",
}
"""A fixed name collides when an update creates the replacement before it deletes the original. An ECR repository may
have one: only another name or another kind of encryption replaces it, and by its name other stacks know its images
without an export."""

REQUIRED_IN_PROD = ("Strict", "Retain", "IsolatedTraining", "IsolatedEndpoint", "VpcOnlyStudio")


def not_python(assembly: Assembly) -> Iterator[str]:
    for function in assembly.of("AWS::Lambda::Function"):
        if not str(function.get("Runtime", "")).startswith("python"):
            yield function.label


def without_exports(assembly: Assembly) -> Iterator[str]:
    return (name for name, template in assembly.templates.items() if "Fn::GetStackOutput" in json.dumps(template))


def named(assembly: Assembly) -> Iterator[str]:
    return (resource.label for resource in assembly.resources if resource.get(NAMES.get(resource.kind, "")) is not None)


def retained(assembly: Assembly) -> Iterator[str]:
    """Retained resources of other kinds would block the next deploy; so would any that a failed creation leaves."""
    lasting = {"AWS::S3::Bucket", "AWS::KMS::Key", "AWS::ECR::Repository"}
    for resource in assembly.resources:
        policy = resource.raw.get("DeletionPolicy", "")
        if policy == "Retain" or (policy.startswith("Retain") and resource.kind not in lasting):
            yield resource.label


def prod_requires_all(assembly: Assembly) -> bool:
    """The other controls apply where an environment requires them; this one makes prod require all."""
    return assembly.expected["Environment"] != "prod" or all(assembly.expected.get(name) for name in REQUIRED_IN_PROD)


def scanned(repository: Resource, _: Assembly) -> bool:
    return repository.get("ImageScanningConfiguration.ScanOnPush") is True


CONTROLS = (
    each(
        "image.immutable",
        "have immutable tags",
        REPOSITORY,
        lambda repository, _: repository.get("ImageTagMutability") == "IMMUTABLE",
    ),
    each("image.scanned", "scan images on push", REPOSITORY, scanned),
    each(
        "image.key",
        "be encrypted with the customer managed key",
        REPOSITORY,
        lambda repository, assembly: assembly.at(repository.get("EncryptionConfiguration.KmsKey"), "AWS::KMS::Key"),
    ),
    each(
        "build.key",
        "encrypt its results with the customer managed key",
        BUILD,
        lambda project, assembly: assembly.at(project.get("EncryptionKey"), "AWS::KMS::Key"),
    ),
    each("build.outside", "run outside the private network", BUILD, lambda project, _: not project.get("VpcConfig")),
    Control("stack.python", "be Python, not one of the CDK's JavaScript helpers", not_python),
    Control("stack.imports", "import values by exports, which CloudFormation protects", without_exports),
    Control("stack.unnamed", "not have a fixed name", named),
    Control("stack.removable", "be deleted with its stack unless it contains data", retained),
    of_assembly("stack.promises", "require every control in prod", prod_requires_all),
)
