"""Every call of a function is known to the installed botocore, which is also that of requirements-oldest.txt."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.loaders import UnknownServiceError

LAMBDAS = Path(__file__).parents[2] / "lambdas"
BUILT = {
    "create_model_package", "update_model_package", "create_endpoint_config", "list_service_quotas",
    "list_aws_default_service_quotas",
}  # fmt: skip
"""Calls whose request is made elsewhere: those of packages are validated whole in test_stage_and_register and
test_model_package, the endpoint's copies DescribeEndpointConfig's answer, which is held against the request below, and
those of quotas have the fields of any list."""


@dataclass(frozen=True)
class Call:
    """`names` are the parameters' names; `is_open` if more may come from another place."""

    where: str
    service: str
    method: str
    names: frozenset[str]
    is_open: bool


def service_of(node: ast.AST) -> str | None:
    """ "s3" of `client("s3")`, and of `client("s3").get_paginator("list_objects_v2")`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("client", "quick_client"):
        return str(ast.literal_eval(node.args[0]))
    return None


def calls_in(path: Path) -> Iterator[Call]:
    tree = ast.parse(path.read_text())
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        variables = {
            target.id: node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                yield from _call(node, node.func, variables, f"{path.relative_to(LAMBDAS)}:{node.lineno}")


def _call(node: ast.Call, called: ast.Attribute, variables: dict[str, ast.expr], where: str) -> Iterator[Call]:
    owner, method = called.value, called.attr
    if method == "paginate" and isinstance(owner, ast.Call) and isinstance(owner.func, ast.Attribute):
        owner, method = owner.func.value, str(ast.literal_eval(owner.args[0]))
    if isinstance(owner, ast.Name):
        owner = variables.get(owner.id, owner)
    if (service := service_of(owner)) is None or method == "get_paginator":
        return
    names, is_open = set(), False
    for keyword in node.keywords:
        if keyword.arg:
            names.add(keyword.arg)
            continue
        value = variables.get(keyword.value.id) if isinstance(keyword.value, ast.Name) else keyword.value
        written = [item for item in ast.walk(value) if isinstance(item, ast.Dict)] if value else []
        names |= {str(ast.literal_eval(key)) for item in written for key in item.keys if key}
        is_open |= not written
    yield Call(where, service, method, frozenset(names), is_open)


CALLS = sorted(
    {call for path in LAMBDAS.rglob("*.py") for call in calls_in(path)}, key=lambda call: (call.where, call.method)
)


def client(service: str) -> Any:
    return boto3.client(service, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


def unknown(call: Call) -> list[str]:
    """What botocore does not know of a call: the service, the operation or parameters."""
    try:
        known = client(call.service)
    except UnknownServiceError:
        return [call.service]
    operation = known.meta.method_to_api_mapping.get(call.method)
    if operation is None:
        return [] if call.method == "meta" else [call.method]
    return sorted(call.names - set(known.meta.service_model.operation_model(operation).input_shape.members))


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.where}-{call.method}")
def test_botocore_knows_the_operation_and_its_parameters(call: Call) -> None:
    assert not unknown(call), f"{call.where}: {call.service}.{call.method} of botocore lacks {unknown(call)}"
    assert not call.is_open or call.method in BUILT, f"{call.where}: what does {call.method} get?"


def test_all_functions_were_looked_at() -> None:
    assert {"s3", "sagemaker", "sagemaker-runtime", "service-quotas", "cloudwatch", "codebuild"} <= {
        call.service for call in CALLS
    }
    assert {"copy_object", "put_object", "update_endpoint", "list_objects_v2"} <= {call.method for call in CALLS}
    conditions = {name for call in CALLS for name in call.names if name.startswith("If")}
    assert conditions == {"IfMatch", "IfNoneMatch"}, "those of the alias, which are written with **"


def test_a_parameter_that_botocore_does_not_know_is_found(tmp_path: Path) -> None:
    path = LAMBDAS / "x.py"
    tree = ast.parse(
        'def f():\n  s3 = client("s3")\n  more = {"B": 1} if f else {"C": 1}\n  s3.copy_object(A=1, **more)'
    )
    function = tree.body[0]
    assert isinstance(function, ast.FunctionDef) and isinstance(function.body[2], ast.Expr)
    call = function.body[2].value
    assert isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
    variables = {node.targets[0].id: node.value for node in function.body[:2]}  # type: ignore[attr-defined]
    (found,) = _call(call, call.func, variables, str(path))
    assert unknown(found) == ["A", "B", "C"]


def test_the_copy_of_an_endpoints_configuration_keeps_what_the_stack_sets() -> None:
    """An answer's field that botocore does not know is dropped: the copy would be another configuration."""
    model = client("sagemaker").meta.service_model
    variant = model.shape_for("ProductionVariant").members
    for shape in ("DescribeEndpointConfigOutput", "CreateEndpointConfigInput"):
        assert {"EndpointConfigName", "ProductionVariants", "KmsKeyId"} <= set(model.shape_for(shape).members)
    assert {
        "VariantName", "ModelName", "InstanceType", "InitialInstanceCount", "InitialVariantWeight",
    } <= set(variant)  # fmt: skip
