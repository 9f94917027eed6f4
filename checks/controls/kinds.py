"""Which kinds of resources there may be, and which of their properties none of these environments needs.

A kind that is not here is one that no control judges.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from checks.assembly import Assembly, Resource, as_list, dig, has_key
from checks.control import Control, Found
from checks.ownership import asset_bucket

KNOWN = {
    "AWS::ApplicationAutoScaling": "ScalableTarget ScalingPolicy",
    "AWS::Budgets": "Budget",
    "AWS::CDK": "Metadata",
    "AWS::CloudWatch": "Alarm CompositeAlarm Dashboard",
    "AWS::CodeBuild": "Project",
    "AWS::EC2": "FlowLog RouteTable SecurityGroup SecurityGroupEgress SecurityGroupIngress Subnet "
    "SubnetRouteTableAssociation VPC VPCEndpoint",
    "AWS::ECR": "Repository",
    "AWS::Events": "Rule",
    "AWS::IAM": "ManagedPolicy Policy Role RolePolicy",
    "AWS::KMS": "Alias Key",
    "AWS::Lambda": "EventInvokeConfig Function Permission",
    "AWS::Logs": "LogGroup LogStream MetricFilter QueryDefinition ResourcePolicy",
    "AWS::ResourceGroups": "Group",
    "AWS::S3": "Bucket BucketPolicy",
    "AWS::SNS": "Subscription Topic TopicInlinePolicy TopicPolicy",
    "AWS::SQS": "Queue QueueInlinePolicy QueuePolicy",
    "AWS::SSM": "Parameter",
    "AWS::SageMaker": "Domain Endpoint EndpointConfig Model ModelPackageGroup Space UserProfile",
    "AWS::StepFunctions": "StateMachine",
}
KINDS = {f"{service}::{name}" for service, names in KNOWN.items() for name in names.split()}

Forbidden = Callable[[Any], bool]
SET: Forbidden = lambda value: value not in (None, False, [], {}, "")  # noqa: E731
OFF: Forbidden = lambda value: value is False or str(value).lower() in ("false", "disabled", "suspended")  # noqa: E731


def other_than(*permitted: Any) -> Forbidden:
    return lambda value: value is not None and value not in permitted


def without(*permitted: str) -> Forbidden:
    """A list of settings of which only some are known."""
    return lambda value: bool(value) and not set(value) <= set(permitted)


CLOSED: dict[str, dict[str, Forbidden]] = {
    "AWS::CloudWatch::Alarm": {"Unit": SET, "EvaluateLowSampleCountPercentile": other_than("evaluate")},
    "AWS::CloudWatch::CompositeAlarm": {"ActionsSuppressor": SET},
    "AWS::CodeBuild::Project": {
        "Visibility": other_than("PRIVATE"),
        "Triggers": SET,
        "SecondarySources": SET,
        "SecondaryArtifacts": SET,
        "Source.Type": other_than("S3", "NO_SOURCE"),
        "Source.Auth": SET,
        "Artifacts.Type": other_than("NO_ARTIFACTS"),
        "Environment.RegistryCredential": SET,
        "Environment.Certificate": SET,
        "FileSystemLocations": SET,
        "LogsConfig.S3Logs": SET,
        "ResourceAccessRole": SET,
        "LogsConfig.CloudWatchLogs.Status": other_than("ENABLED"),
        "Cache.Type": other_than("NO_CACHE", "LOCAL"),
        "Environment.Fleet": SET,
        "BuildBatchConfig": SET,
        "Artifacts.EncryptionDisabled": SET,
    },
    "AWS::EC2::Subnet": {"AssignIpv6AddressOnCreation": SET, "OutpostArn": SET},
    "AWS::EC2::VPCEndpoint": {"VpcEndpointType": other_than("Interface", "Gateway")},
    "AWS::EC2::FlowLog": {"DeliverCrossAccountRole": SET, "LogDestinationType": other_than("cloud-watch-logs", "s3")},
    "AWS::ECR::Repository": {"ImageTagMutabilityExclusionFilters": SET},
    "AWS::Events::Rule": {"EventBusName": SET},
    "AWS::IAM::ManagedPolicy": {"Users": SET, "Groups": SET},
    "AWS::IAM::Policy": {"Users": SET, "Groups": SET},
    "AWS::Logs::LogGroup": {"DataProtectionPolicy": SET},
    "AWS::KMS::Key": {
        "Enabled": OFF,
        "MultiRegion": SET,
        "BypassPolicyLockoutSafetyCheck": SET,
        "Origin": other_than("AWS_KMS"),
        "KeySpec": other_than("SYMMETRIC_DEFAULT"),
        "KeyUsage": other_than("ENCRYPT_DECRYPT"),
    },
    "AWS::Lambda::Function": {
        "Layers": SET,
        "FileSystemConfigs": SET,
        "PackageType": other_than("Zip"),
        "Code.ZipFile": SET,
        "Code.ImageUri": SET,
        "CodeSigningConfigArn": SET,
        "RuntimeManagementConfig.RuntimeVersionArn": SET,
    },
    "AWS::Lambda::Permission": {"FunctionUrlAuthType": SET, "InvokedViaFunctionUrl": SET},
    "AWS::S3::Bucket": {
        "CorsConfiguration": SET,
        "WebsiteConfiguration": SET,
        "ReplicationConfiguration": SET,
        "AccelerateConfiguration": SET,
        "InventoryConfigurations": SET,
        "AnalyticsConfigurations": SET,
        "MetadataConfiguration": SET,
        "MetadataTableConfiguration": SET,
        "AccessControl": SET,
    },
    "AWS::SNS::Subscription": {"FilterPolicy": SET},
    "AWS::SNS::Topic": {"DataProtectionPolicy": SET, "DeliveryStatusLogging": SET, "Subscription": SET},
    "AWS::SageMaker::Domain": {
        "DefaultUserSettings.SharingSettings": SET,
        "DefaultUserSettings.CanvasAppSettings": SET,
        "DefaultUserSettings.CustomFileSystemConfigs": SET,
        "DefaultUserSettings.RStudioServerProAppSettings": SET,
        "DefaultUserSettings.KernelGatewayAppSettings": SET,
        "DefaultUserSettings.JupyterServerAppSettings": SET,
        "DefaultUserSettings.JupyterLabAppSettings.CodeRepositories": SET,
        "DefaultUserSettings.JupyterLabAppSettings.LifecycleConfigArns": SET,
        "DefaultUserSettings.JupyterLabAppSettings.CustomImages": SET,
        "DefaultUserSettings.JupyterLabAppSettings.DefaultResourceSpec.LifecycleConfigArn": SET,
        "DefaultUserSettings.JupyterLabAppSettings.DefaultResourceSpec.SageMakerImageArn": SET,
        "DefaultUserSettings.JupyterLabAppSettings.DefaultResourceSpec.SageMakerImageVersionArn": SET,
        "DefaultUserSettings.CodeEditorAppSettings.DefaultResourceSpec.LifecycleConfigArn": SET,
        "DefaultUserSettings.CodeEditorAppSettings.DefaultResourceSpec.SageMakerImageArn": SET,
        "DefaultUserSettings.CodeEditorAppSettings.DefaultResourceSpec.SageMakerImageVersionArn": SET,
        "DefaultUserSettings.JupyterLabAppSettings.EmrSettings": SET,
        "DefaultUserSettings.CodeEditorAppSettings.LifecycleConfigArns": SET,
        "DefaultUserSettings.CodeEditorAppSettings.CustomImages": SET,
        "DefaultUserSettings.AutoMountHomeEFS": other_than("Disabled", "DefaultAsDomain"),
        "DefaultSpaceSettings": SET,
        "DomainSettings": SET,
        "AuthMode": other_than("IAM", "SSO"),
    },
    "AWS::SageMaker::EndpointConfig": {
        "ShadowProductionVariants": SET,
        "ExplainerConfig": SET,
        "AsyncInferenceConfig": SET,
    },
    "AWS::SageMaker::Model": {
        "InferenceExecutionConfig": SET,
        "PrimaryContainer.ModelPackageName": SET,
        "PrimaryContainer.InferenceSpecificationName": SET,
    },
    "AWS::SageMaker::Space": {"SpaceSharingSettings.SharingType": other_than("Private"), "SpaceSettings": SET},
    "AWS::SageMaker::UserProfile": {"UserSettings": SET},
    "AWS::StepFunctions::StateMachine": {
        "Definition": SET,
        "DefinitionS3Location": SET,
        "DefinitionUri": SET,
        "StateMachineType": other_than("STANDARD"),
    },
}
"""Kind -> property -> what it must not be: open to others, elsewhere, switched off, or code that no asset has."""
VARIANT = ("CoreDumpConfig", "EnableSSMAccess")
FOR_ENDPOINT = ("AWS::SageMaker::Endpoint", "AWS::ApplicationAutoScaling::", "AWS::CloudWatch::Alarm")
"""Kinds that come and go with the endpoint, which a parameter switches."""
REFERENCE = re.compile(r"\$\{[A-Za-z0-9-]+/[A-Za-z0-9.]+\}|\$\{import [^}]*\}")
"""A reference to another resource, or to an export of somebody. Policy variables and AWS's values have a colon."""
COMPUTED = ("Fn::GetAZs", "Fn::Select", "Fn::Cidr", "Fn::Base64")
"""Functions whose value only a deployment knows and which may stay: the names of zones."""


def unknown(assembly: Assembly) -> Iterator[Found]:
    for resource in assembly.resources:
        custom = resource.kind.startswith("Custom::") or resource.kind == "AWS::CloudFormation::CustomResource"
        if custom and assembly.at(resource.get("ServiceToken"), "AWS::Lambda::Function") is None:
            yield resource.label, f"{resource.kind} is not answered by a function of these templates"
        elif not custom and resource.kind not in KINDS:
            yield resource.label, resource.kind


def open_properties(assembly: Assembly) -> Iterator[Found]:
    for resource in assembly.of(*CLOSED):
        for path, forbidden in CLOSED[resource.kind].items():
            if forbidden(resource.get(path)):
                yield resource.label, path
    for config in assembly.of("AWS::SageMaker::EndpointConfig"):
        for variant in as_list(config.get("ProductionVariants")):
            for path in VARIANT:
                if dig(variant, path):
                    yield config.label, path
        if config.get("DataCaptureConfig") and not assembly.expected.get("DataCapture"):
            yield config.label, "DataCaptureConfig"


def hidden(assembly: Assembly) -> Iterator[Found]:
    """What a template does not say: macros, functions of deploy time, parameters, secrets and exports of others."""
    for stack, template in assembly.templates.items():
        if "Transform" in template or has_key(template.get("Resources"), "Fn::Transform"):
            yield stack, "a macro may change everything"
    for resource in assembly.resources:
        if found := next((text for text in resource.texts if _is_unknown(text, assembly)), ""):
            yield resource.label, found


def _is_unknown(text: str, assembly: Assembly) -> bool:
    """Whether a text is a function, or has a reference to something else than a resource and AWS's own values."""
    if text.startswith("Fn::"):
        return text not in COMPUTED
    references = REFERENCE.findall(text) if "${" in text else ()
    return "{{resolve:" in text or any(assembly.at(name) is None for name in references)


def conditional(assembly: Assembly) -> Iterator[Found]:
    """What a condition takes away is not there to protect anything."""
    switches = {(item.stack, item.raw.get("Condition")) for item in assembly.of("AWS::SageMaker::Endpoint")}
    for resource in assembly.resources:
        condition = resource.raw.get("Condition")
        if condition and not (_of_endpoint(resource) and (resource.stack, condition) in switches):
            yield resource.label, str(condition)


def _of_endpoint(resource: Resource) -> bool:
    dimensions = [item.get("Name") for item in as_list(resource.get("Dimensions"))]
    alarm = resource.kind == "AWS::CloudWatch::Alarm"
    return resource.kind.startswith(FOR_ENDPOINT) and (not alarm or "EndpointName" in dimensions)


def strange_code(assembly: Assembly) -> Iterator[Found]:
    """Code is an asset of this account, which the CDK named by its content."""
    for function in assembly.of("AWS::Lambda::Function"):
        if not asset_bucket(str(function.get("Code.S3Bucket")), assembly):
            yield function.label, str(function.get("Code.S3Bucket", "no asset"))
    for project in assembly.of("AWS::CodeBuild::Project"):
        location = str(project.get("Source.Location", ""))
        if project.get("Source.Type") == "S3" and not asset_bucket(location.split("/")[0], assembly):
            yield project.label, location


CONTROLS = (
    Control("stack.known", "be of a kind that a control judges: add one, then list the kind in checks", unknown),
    Control(
        "stack.closed", "not have a property that opens it, sends data elsewhere or switches it off", open_properties
    ),
    Control("stack.written-out", "say its values in the template: take them from the project file", hidden),
    Control(
        "stack.unconditional", "be there whatever a condition says, unless it belongs to the endpoint", conditional
    ),
    Control("stack.code", "run code that is an asset of this account", strange_code),
)
