"""Where data, messages and calls go: resources of these templates, and what the project file names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from checks.assembly import Assembly, Resource, as_list, texts
from checks.control import Control, Found
from checks.controls.secrets import variables
from checks.documents import RESOURCE_POLICIES
from checks.machines import KIND as MACHINE
from checks.machines import definition, states
from checks.ownership import FOREIGN_ACCOUNT, canonical, image_accounts, is_here, own_bucket, own_image
from imgcls.contract import keys

Judge = Callable[[Any, Assembly], object]


def of_kind(*kinds: str) -> Judge:
    return lambda value, assembly: assembly.at(value, *kinds)


ROLE, KEY, GROUP = (
    of_kind("AWS::IAM::Role"),
    of_kind("AWS::KMS::Key"),
    of_kind("AWS::Logs::LogGroup", "Custom::LogGroup"),
)


def counted_group(value: Any, assembly: Assembly) -> object:
    """Nothing leaves by a metric filter, but a group that is not ours says what it likes."""
    return value == assembly.expected.get("AuditTrail") or GROUP(value, assembly)


def security_group(value: Any, assembly: Assembly) -> object:
    given = (assembly.expected.get("ExistingNetwork") or {}).get("SecurityGroupIds", ())
    return value in given or assembly.at(value, "AWS::EC2::SecurityGroup")


def build_spec(value: Any, assembly: Assembly) -> bool:
    """Whether a build's commands stand in the template, and reach nothing by name."""
    text = str(value)
    return not text.startswith(("arn:", "${")) and not REACHES_OUT.search(text)


def judged_models(value: Any, assembly: Assembly) -> bool:
    """Whether models are served from where StageArtifact writes those that passed the gate."""
    return own_bucket(value, assembly) and f"}}/{keys.MODELS}" in str(value)


def subnet(value: Any, assembly: Assembly) -> object:
    given = (assembly.expected.get("ExistingNetwork") or {}).get("SubnetIds", ())
    return value in given or assembly.at(value, "AWS::EC2::Subnet")


ACTIONS: dict[str, Judge] = {f"{name}[]": is_here for name in ("AlarmActions", "OKActions", "InsufficientDataActions")}
DESTINATIONS: dict[str, dict[str, Judge]] = {
    "AWS::ApplicationAutoScaling::ScalableTarget": {"RoleARN": is_here},
    "AWS::CloudWatch::Alarm": ACTIONS,
    "AWS::CloudWatch::CompositeAlarm": ACTIONS,
    "AWS::CodeBuild::Project": {
        "ServiceRole": ROLE,
        "Source.BuildSpec": build_spec,
        "LogsConfig.CloudWatchLogs.GroupName": GROUP,
        "Environment.Image": lambda value, assembly: (
            str(value).startswith("aws/codebuild/") or own_image(value, assembly)
        ),
    },
    "AWS::EC2::FlowLog": {"LogDestination": is_here, "DeliverLogsPermissionArn": ROLE, "LogGroupName": GROUP},
    "AWS::Events::Rule": {
        "RoleArn": ROLE,
        "Targets[].Arn": is_here,
        "Targets[].RoleArn": ROLE,
        "Targets[].DeadLetterConfig.Arn": is_here,
    },
    "AWS::IAM::ManagedPolicy": {"Roles[]": ROLE},
    "AWS::IAM::Policy": {"Roles[]": ROLE},
    "AWS::IAM::RolePolicy": {"RoleName": ROLE},
    "AWS::Lambda::EventInvokeConfig": {
        "DestinationConfig.OnFailure.Destination": is_here,
        "DestinationConfig.OnSuccess.Destination": is_here,
    },
    "AWS::Lambda::Function": {"Role": ROLE, "DeadLetterConfig.TargetArn": is_here, "LoggingConfig.LogGroup": GROUP},
    "AWS::Lambda::Permission": {"FunctionName": of_kind("AWS::Lambda::Function")},
    "AWS::Logs::MetricFilter": {"LogGroupName": counted_group},
    "AWS::S3::Bucket": {
        "NotificationConfiguration.LambdaConfigurations[].Function": is_here,
        "NotificationConfiguration.QueueConfigurations[].Queue": is_here,
        "NotificationConfiguration.TopicConfigurations[].Topic": is_here,
    },
    "AWS::SQS::Queue": {"RedrivePolicy.deadLetterTargetArn": is_here},
    "AWS::SageMaker::Domain": {
        "DefaultUserSettings.ExecutionRole": ROLE,
        "DefaultUserSettings.SecurityGroups[]": security_group,
        "SubnetIds[]": subnet,
    },
    "AWS::SageMaker::Endpoint": {"EndpointConfigName": of_kind("AWS::SageMaker::EndpointConfig")},
    "AWS::SageMaker::EndpointConfig": {
        "DataCaptureConfig.DestinationS3Uri": own_bucket,
        "ExecutionRoleArn": ROLE,
        "ProductionVariants[].ModelName": of_kind("AWS::SageMaker::Model"),
    },
    "AWS::SageMaker::Model": {
        "ExecutionRoleArn": ROLE,
        **{
            f"{container}.{field}": judge
            for container in ("PrimaryContainer", "Containers[]")
            for field, judge in {
                "Image": own_image,
                "ModelDataUrl": judged_models,
                "ModelDataSource.S3DataSource.S3Uri": judged_models,
                "ImageConfig.RepositoryAuthConfig.RepositoryCredentialsProviderArn": is_here,
            }.items()
        },
    },
    "AWS::StepFunctions::StateMachine": {"RoleArn": ROLE},
}
"""Kind -> property -> whether a value of it is ours. `[]`: each item of a list."""
EMAIL = ("email", "email-json")
STRANGE_VARIABLES = re.compile(
    r"AWS_(?!MAX_ATTEMPTS|RETRY_MODE|USE_\w+|(DEFAULT_)?REGION|STS_REGIONAL_ENDPOINTS)\w+|https?_proxy|all_proxy|LD_\w+|"
    r"PYTHON(PATH|STARTUP|HOME|USERBASE|INSPECT|BREAKPOINT|EXECUTABLE|PLATLIBDIR)|BOTO_CONFIG|NODE_OPTIONS|"
    r"(SSL_CERT|REQUESTS_CA|CURL_CA|NODE_EXTRA_CA)\w*|PIP_\w*(URL|LINKS|CONFIG_FILE|TRUSTED_HOST)",
    re.IGNORECASE,
)
"""Variables that change which code runs or whom it calls."""
BASES = ("public.ecr.aws/docker/library/", "aws/codebuild/")
"""Where base images come from: Docker's official ones as AWS mirrors them."""
ADDRESS = re.compile(r"(?:https?|wss?|ftp)://([^/\s\"'\\:)]+)")
AWS_HOST = re.compile(r"(.*\.)?(amazonaws\.com(\.cn)?|amazonaws\.eu|aws\.amazon\.com|amazonaws-us-gov\.com)|\$.*|%s")
OF_ACCOUNT = re.compile(rf"(arn:[^:\s]*:[^:\s]*:[^:\s]*:{FOREIGN_ACCOUNT}:[^\s\"]*|{FOREIGN_ACCOUNT}\.dkr\.ecr\S*)")
REACHES_OUT = re.compile(
    r"docker (push|pull|run)\s+[\\\"']*[^$\\\"'\s-]"
    r"|\b(curl|wget|nc|ncat|ssh|scp|ftp|telnet|rsync|git clone)\b[^\n;|&]*?\s[\"']?([a-z0-9-]+\.)+[a-z]{2,}\b",
    re.IGNORECASE,
)
"""Commands that name an image or a host, instead of taking it from a variable of the build."""
DIGITS = re.compile(r"\d{12}")
CALLS_OUT = ("AWS::CodeBuild::Project", "AWS::Lambda::Function", "AWS::SageMaker::Model", "AWS::EC2::LaunchTemplate")


def values_at(value: Any, path: str) -> Iterator[Any]:
    """Each value at `A.B[].C` that is there."""
    head, _, rest = path.partition(".")
    name = head.removesuffix("[]")
    if not isinstance(value, dict) or name not in value:
        return
    for item in as_list(value[name]) if head.endswith("[]") else [value[name]]:
        if rest:
            yield from values_at(item, rest)
        else:
            yield item


def elsewhere(assembly: Assembly) -> Iterator[Found]:
    for resource in assembly.of(*DESTINATIONS):
        for path, judge in DESTINATIONS[resource.kind].items():
            for value in values_at(resource.properties, path):
                if not judge(value, assembly):
                    yield resource.label, f"{path} is {value}"


def subscribers(assembly: Assembly) -> Iterator[Found]:
    addresses = assembly.expected.get("Addresses", ())
    for item in assembly.of("AWS::SNS::Subscription"):
        protocol, endpoint = item.get("Protocol"), item.get("Endpoint")
        known = (
            endpoint in addresses
            if protocol in EMAIL
            else protocol in ("lambda", "sqs") and is_here(endpoint, assembly)
        )
        if not known:
            yield item.label, f"{protocol} {endpoint}"
    for budget in assembly.of("AWS::Budgets::Budget"):
        found = list(values_at(budget.properties, "NotificationsWithSubscribers[].Subscribers[].Address"))
        if not found or any(not is_here(value, assembly) and value not in addresses for value in found):
            yield budget.label, ", ".join(map(str, found)) or "nobody"


def foreign_accounts(assembly: Assembly) -> Iterator[Found]:
    """In any property: what is missed by kind is found by the account it names."""
    for resource in assembly.resources:
        for text in texts(definition(resource)) if resource.kind == MACHINE else resource.texts:
            found = DIGITS.search(text) and OF_ACCOUNT.search(canonical(text, assembly))
            if found and not _permitted(text, assembly) and resource.kind not in RESOURCE_POLICIES:
                yield resource.label, found[1]
                break


def _permitted(text: str, assembly: Assembly) -> bool:
    named = DIGITS.findall(text.replace(str(assembly.expected.get("ExistingTopic") or "-"), ""))
    return set(named) <= image_accounts(assembly) | {assembly.expected.get("Account")}


def settings(assembly: Assembly) -> Iterator[Found]:
    for resource in assembly.resources:
        yield from ((resource.label, found) for found in _strange_settings(resource, assembly))


def _strange_settings(resource: Resource, assembly: Assembly) -> Iterator[str]:
    endpoints = [item.get("EndpointName") for item in assembly.of("AWS::SageMaker::Endpoint")]
    for name, value in variables(resource.properties):
        if STRANGE_VARIABLES.fullmatch(name):
            yield name
        if name.upper().endswith("BUCKET") and not own_bucket(f"s3://{value}", assembly):
            yield f"{name} is {value}"
        if name.upper().endswith("_IMAGE") and not (own_image(value, assembly) or str(value).startswith(BASES)):
            yield f"{name} is {value}"
        if name == "ENDPOINT_NAME" and value not in endpoints:
            yield f"{name} is {value}"
    told = {resource.get("Description"), *(state.get("Comment") for _, state in states(definition(resource)))}
    if resource.kind in CALLS_OUT or resource.kind == MACHINE:
        for text in texts(definition(resource)) if resource.kind == MACHINE else resource.texts:
            if text not in told:
                yield from (host for host in ADDRESS.findall(text) if not AWS_HOST.fullmatch(host))
            if "s3://" in text and resource.kind != MACHINE:
                places = re.findall(r"s3://[^\s\"'\\]+", text)
                yield from (
                    place for place in places if not own_bucket(place, assembly) and not place.startswith("s3://$")
                )


CONTROLS = (
    Control(
        "stack.destinations", "send and take data, messages and calls only to and from resources of ours", elsewhere
    ),
    Control(
        "stack.subscribers", "tell only the topic, functions and queues of ours, and addresses of `notify`", subscribers
    ),
    Control("stack.own-account", "name no other account: use a resource of these templates", foreign_accounts),
    Control("stack.settings", "call AWS only, with the code that it was given", settings),
)
