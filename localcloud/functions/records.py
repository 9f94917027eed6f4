"""The one place that reads a function's record, its code included, from moto."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.errors import AwsError


@dataclass(frozen=True)
class FunctionRecord:
    """What is needed to run a function. `timeout` in seconds; `code` is its zip file."""

    name: str
    arn: str
    version: str
    runtime: str
    handler: str
    timeout: float
    memory_mb: int
    environment: Mapping[str, str]
    package_type: str
    layers: tuple[str, ...]
    code: bytes
    code_sha256: str


def read_function(account_id: str, region: str, name_or_arn: str, qualifier: str | None) -> FunctionRecord:
    """A function by name, partial ARN or ARN; ResourceNotFoundException when there is none."""
    from moto.awslambda.exceptions import UnknownAliasException, UnknownFunctionException
    from moto.awslambda_simple.models import lambda_simple_backends

    backend = lambda_simple_backends[account_id][region]
    name = name_or_arn
    if name.startswith("arn:") and name.count(":") == 7 and qualifier is None:
        name, _, qualifier = name.rpartition(":")
    if qualifier == "$LATEST":
        qualifier = None
    try:
        function = backend.get_function(name, qualifier)
    except (UnknownFunctionException, UnknownAliasException) as error:
        raise AwsError("ResourceNotFoundException", f"Function not found: {name_or_arn}", 404) from error
    return record(function)


def record(function: Any) -> FunctionRecord:
    """moto's LambdaFunction as ours."""
    return FunctionRecord(
        name=function.function_name,
        arn=function.function_arn,
        version=str(function.version),
        runtime=function.run_time or "",
        handler=function.handler or "",
        timeout=float(function.timeout),
        memory_mb=int(function.memory_size),
        environment=dict(function.environment_vars),
        package_type=function.package_type,
        layers=tuple(layer["Arn"] for layer in function.layers),
        code=function.code_bytes or b"",
        code_sha256=function.code_digest,
    )


def replace_invocation(invoke: Callable[[FunctionRecord, Any], tuple[str, bool, str]]) -> Callable[[], None]:
    """Let moto's own integrations (SNS, S3 notifications, ...) call `invoke(function, event)`; returns the undo."""
    from moto.awslambda.models import LambdaFunction

    stock = LambdaFunction._invoke_lambda

    def run(self: Any, event: Any = None) -> tuple[str, bool, str]:
        return invoke(record(self), event)

    LambdaFunction._invoke_lambda = run  # type: ignore[method-assign]

    def undo() -> None:
        LambdaFunction._invoke_lambda = stock  # type: ignore[method-assign]

    return undo
