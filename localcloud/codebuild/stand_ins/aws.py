"""The AWS CLI as far as a build uses it: `aws SERVICE OPERATION --flags`, `--query`, `--output`, the ECR password."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Sequence
from typing import Any

import boto3
import jmespath
from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError, UnknownServiceError
from botocore.model import OperationModel, Shape

USAGE, SERVICE_ERROR = 252, 254
"""Exit codes of the AWS CLI: a call that it does not understand, and a call that the service refused."""


class UsageError(Exception):
    """A call that this stand-in does not understand."""


def main(arguments: Sequence[str]) -> int:
    try:
        words, options = _split(list(arguments))
        if words == ["ecr", "get-login-password"]:
            print(_ecr_password())
            return 0
        if len(words) != 2:
            raise UsageError(f"localcloud does not emulate `aws {' '.join(words)}`: give a service and an operation")
        _print(_call(words[0], words[1], options), options)
        return 0
    except (UsageError, ParamValidationError, UnknownServiceError) as error:
        print(f"\naws: [ERROR]: {error}", file=sys.stderr)
        return USAGE
    except ClientError as error:
        print(f"\n{error}", file=sys.stderr)
        return SERVICE_ERROR


def _split(arguments: list[str]) -> tuple[list[str], dict[str, list[str]]]:
    """(words before the first option, option -> its values)."""
    words: list[str] = []
    options: dict[str, list[str]] = {}
    for argument in arguments:
        if argument.startswith("--"):
            name, equals, value = argument[2:].partition("=")
            options[name] = [value] if equals else []
        elif options:
            options[next(reversed(options))].append(argument)
        else:
            words.append(argument)
    return words, options


def _ecr_password() -> str:
    (entry,) = boto3.client("ecr").get_authorization_token()["authorizationData"]
    return base64.b64decode(entry["authorizationToken"]).decode().partition(":")[2]


def _call(service: str, operation: str, options: dict[str, list[str]]) -> dict[str, Any]:
    if service == "s3":
        raise UsageError("localcloud does not emulate `aws s3`: use `aws s3api`")
    region = options.pop("region", [None])[0]
    client = boto3.client("s3" if service == "s3api" else service, region_name=region)
    method = operation.replace("-", "_")
    if method not in client.meta.method_to_api_mapping:
        raise UsageError(f"argument operation: Invalid choice: {operation!r}")
    model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method])
    answer: dict[str, Any] = getattr(client, method)(**_parameters(model, options))
    answer.pop("ResponseMetadata", None)
    return answer


def _parameters(model: OperationModel, options: dict[str, list[str]]) -> dict[str, Any]:
    shapes = model.input_shape.members if model.input_shape else {}
    names = {xform_name(name, "-"): name for name in shapes}
    parameters = {}
    for option, values in options.items():
        if option in ("query", "output"):
            continue
        if option not in names:
            raise UsageError(f"Unknown options: --{option}")
        parameters[names[option]] = _value(shapes[names[option]], values, option)
    return parameters


def _value(shape: Shape, values: list[str], option: str) -> Any:
    if shape.type_name == "list":
        if len(values) == 1 and values[0].startswith("["):
            return json.loads(values[0])
        return [_value(shape.member, [value], option) for value in values]
    if shape.type_name == "boolean" and not values:
        return True
    if len(values) != 1:
        raise UsageError(f"argument --{option}: expected one argument")
    (text,) = values
    if shape.type_name in ("structure", "map"):
        return json.loads(text) if text.startswith("{") else dict(item.split("=", 1) for item in text.split(","))
    if shape.type_name in ("integer", "long"):
        return int(text)
    if shape.type_name == "string":
        return text
    raise UsageError(f"localcloud does not emulate a value of type {shape.type_name} for --{option}")


def _print(answer: Any, options: dict[str, list[str]]) -> None:
    query, form = options.get("query"), options.get("output", ["json"])[0]
    if query:
        answer = jmespath.search(query[0], answer)
    if form == "json":
        print(json.dumps(answer, indent=4, default=str))
    elif form != "text":
        raise UsageError(f"localcloud does not emulate --output {form}")
    elif isinstance(answer, list | dict):
        if any(isinstance(item, list | dict) for item in (answer.values() if isinstance(answer, dict) else answer)):
            raise UsageError("localcloud does not emulate --output text of nested values: choose one with --query")
        print("\t".join(str(item) for item in (answer.values() if isinstance(answer, dict) else answer)))
    else:
        print(answer)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
