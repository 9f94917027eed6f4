"""Reads functions, including their code, from moto's records, and replaces what moto only pretends to do with them.

This is the only module of the package that touches moto's internals.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localcloud.errors import AwsError
from localcloud.replacement import replaced

if TYPE_CHECKING:
    from moto.awslambda.models import LambdaFunction

MotoResult = tuple[str, bool, str]  # payload, whether the function failed, logs


@dataclass(frozen=True)
class FunctionRecord:
    """What it takes to run a function. `timeout` is in seconds; `code` is its zip file."""

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
    role: str


def read_function(account_id: str, region: str, name_or_arn: str, qualifier: str | None) -> FunctionRecord:
    """A function by name, partial ARN or ARN; ResourceNotFoundException if it does not exist."""
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
    return _record(function)


def _record(function: LambdaFunction) -> FunctionRecord:
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
        role=function.role,
    )


@contextlib.contextmanager
def replace_moto_invocations(
    invoke: Callable[[FunctionRecord, object], MotoResult],
    code_location: Callable[[FunctionRecord], str],
    logging_config: Callable[[str], dict[str, str]],
) -> Iterator[None]:
    """While the block runs, moto's functions run for real.

    invoke: called by moto's own integrations (SNS, S3 notifications, ...).
    code_location: the URL of a function's code in GetFunction's answer; moto gives an address in AWS.
    logging_config: a function's LoggingConfig, which moto forgets.
    """
    from moto.awslambda.models import LambdaFunction

    get_code, get_configuration = LambdaFunction.get_code, LambdaFunction.get_configuration

    def run(self: LambdaFunction, event: object = None) -> MotoResult:
        return invoke(_record(self), event)

    def code(self: LambdaFunction) -> dict[str, Any]:
        answer = get_code(self)
        if self.package_type == "Zip":
            answer["Code"] = {"RepositoryType": "S3", "Location": code_location(_record(self))}
        return answer

    def configuration(self: LambdaFunction, *arguments: Any, **options: Any) -> dict[str, Any]:
        answer = get_configuration(self, *arguments, **options)
        return {**answer, "LoggingConfig": logging_config(self.function_name)}

    with (
        replaced(LambdaFunction, "_invoke_lambda", run),
        replaced(LambdaFunction, "get_code", code),
        replaced(LambdaFunction, "get_configuration", configuration),
    ):
        yield
