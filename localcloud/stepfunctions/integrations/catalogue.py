"""Which integration serves which Resource of a Task state."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import botocore.session
from botocore.client import BaseClient

from localcloud.json_types import JsonObject
from localcloud.stepfunctions.asl.errors import RUNTIME, StatesError
from localcloud.stepfunctions.integrations.api_call import ApiCall, ErrorNames
from localcloud.stepfunctions.integrations.jobs import SAGEMAKER_JOBS, NestedExecution, SageMakerJob
from localcloud.stepfunctions.integrations.lambda_invoke import LambdaFunction, LambdaInvoke
from localcloud.stepfunctions.integrations.shapes import pascal
from localcloud.stepfunctions.integrations.tokens import TaskTokens, WaitingTask

_RESOURCE = re.compile(
    r"arn:aws[\w-]*:states:[\w-]*:\d*:(?:(aws-sdk):)?([\w-]+):(\w+)(?:\.(sync|sync:2|waitForTaskToken))?"
)
_FUNCTION = re.compile(r"arn:aws[\w-]*:lambda:[\w-]*:\d*:function:[\w:$-]+")
_TOKEN = "waitForTaskToken"  # noqa: S105 a pattern's name


@dataclass(frozen=True)
class _Optimized:
    """An optimized integration: its client, its actions with their patterns, its error names."""

    client: str
    names: ErrorNames
    actions: Mapping[str, tuple[str, ...]]
    kinds: Mapping[str, type[ApiCall]] = field(default_factory=dict)
    stringify: bool = False


def _names(prefix: str, sdk: str) -> ErrorNames:
    return ErrorNames(prefix, f"{prefix}.{sdk}Exception", sdk, optimized=True)


_OPTIMIZED = {
    "sagemaker": _Optimized(
        "sagemaker",
        _names("SageMaker", "AmazonSageMaker"),
        {
            **{f"create{kind}": ("", "sync") for kind in SAGEMAKER_JOBS},
            **{name: ("",) for name in ("createModel", "createEndpointConfig", "createEndpoint", "updateEndpoint")},
        },
        {"sync": SageMakerJob},
    ),
    "lambda": _Optimized(
        "lambda",
        _names("Lambda", "AWSLambda"),
        {"invoke": ("", _TOKEN)},
        {"": LambdaInvoke, _TOKEN: LambdaInvoke},
    ),
    "states": _Optimized(
        "stepfunctions",
        _names("StepFunctions", "AWSStepFunctions"),
        {"startExecution": ("", "sync", "sync:2", _TOKEN)},
        {"sync": NestedExecution, "sync:2": NestedExecution},
        stringify=True,
    ),
    "sns": _Optimized("sns", _names("SNS", "AmazonSNS"), {"publish": ("", _TOKEN)}, stringify=True),
    "sqs": _Optimized("sqs", _names("SQS", "AmazonSQS"), {"sendMessage": ("", _TOKEN)}, stringify=True),
    "events": _Optimized("events", _names("EventBridge", "AmazonEventBridge"), {"putEvents": ("", _TOKEN)},
                         stringify=True),
}  # fmt: skip
_SDK_NAMES = {"sfn": "stepfunctions", "cloudwatchlogs": "logs", "eventbridge": "events"}


@functools.cache
def _clients_by_sdk_name() -> dict[str, str]:
    services = botocore.session.get_session().get_available_services()
    return {**{service.replace("-", ""): service for service in services}, **_SDK_NAMES}


@dataclass(frozen=True)
class Catalogue:
    """The integrations of one local cloud. client_for: (service name, role=ARN or None) -> boto3 client."""

    client_for: Callable[..., BaseClient]
    region: str
    tokens: TaskTokens = field(default_factory=TaskTokens)

    def acting_as(self, role: str) -> Catalogue:
        """The same integrations with a role's credentials."""
        return dataclasses.replace(self, client_for=functools.partial(self.client_for, role=role))

    def token(self) -> WaitingTask:
        return self.tokens.new()

    def find(self, resource: str) -> ApiCall:
        """The task behind a Resource; StatesError States.Runtime when there is none."""
        if _FUNCTION.fullmatch(resource):
            names = _OPTIMIZED["lambda"].names
            return LambdaFunction(self.client_for, "lambda", "Invoke", "lambda:function", resource, names)
        match = _RESOURCE.fullmatch(resource)
        if match is None:
            raise StatesError(RUNTIME, f"The resource provided {resource} is not recognized.")
        sdk, service, action, pattern = match[1], match[2], match[3], match[4] or ""
        task = self._sdk(service, action, pattern) if sdk else self._optimized(service, action, pattern)
        if task is None:
            raise StatesError(RUNTIME, f"localcloud does not run the service integration {resource}")
        return task

    def check(self, resource: str, state: JsonObject) -> list[str]:
        """Problems of a Task state that are visible in its definition."""
        try:
            task = self.find(resource)
        except StatesError as problem:
            return [f"SCHEMA_VALIDATION_FAILED: {problem.cause}"]
        if task.resource_type.startswith("aws-sdk:"):
            return []  # AWS also checks these only when they run
        return [f"SCHEMA_VALIDATION_FAILED: {each}" for each in task.check_template(state.get("Parameters"))]

    def _optimized(self, service: str, action: str, pattern: str) -> ApiCall | None:
        integration = _OPTIMIZED.get(service)
        if integration is None or pattern not in integration.actions.get(action, ()):
            return None
        kind = integration.kinds.get(pattern, ApiCall)
        return kind(
            client_for=self.client_for,
            service=integration.client,
            operation_name=pascal(action),
            resource_type=service,
            resource=f"{action}.{pattern}" if pattern else action,
            names=integration.names,
            waits={"": "", _TOKEN: "token"}.get(pattern, "sync"),
            stringify=integration.stringify,
        )

    def _sdk(self, service: str, action: str, pattern: str) -> ApiCall | None:
        client = _clients_by_sdk_name().get(service.lower())
        if client is None or pattern not in ("", _TOKEN):
            return None
        model = self.client_for(client).meta.service_model
        if pascal(action) not in model.operation_names:
            return None
        return ApiCall(
            client_for=self.client_for,
            service=client,
            operation_name=pascal(action),
            resource_type=f"aws-sdk:{service}",
            resource=f"{action}.{pattern}" if pattern else action,
            names=ErrorNames.of_sdk(str(model.service_id)),
            waits="token" if pattern else "",
        )
