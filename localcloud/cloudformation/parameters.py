"""Values of a template's parameters: what was given, kept from before, or the default; checked as declared."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from botocore.client import BaseClient

from localcloud.cloudformation.requests import ParameterValue
from localcloud.cloudformation.template import ParameterDeclaration, Template, validation_error
from localcloud.json_types import JSON, JsonObject

_SSM = "AWS::SSM::Parameter::Value<"


def parameter_values(
    template: Template,
    given: Sequence[ParameterValue],
    previous: Mapping[str, str],
    read_ssm: Callable[[str], str],
) -> tuple[dict[str, str], JsonObject]:
    """The texts as the caller gave them, and the values that Ref returns (lists split, SSM names looked up)."""
    declared = template.get("Parameters", {})
    by_name = {item["ParameterKey"]: item for item in given}
    unknown = sorted(set(by_name) - set(declared))
    if unknown:
        raise validation_error(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    texts: dict[str, str] = {}
    for name, declaration in declared.items():
        item = by_name.get(name)
        value: JSON = declaration.get("Default")
        if item is not None and item.get("UsePreviousValue"):
            value = previous.get(name)
        elif item is not None:
            value = item.get("ParameterValue", value)
        if value is None:
            raise validation_error(f"Parameters: [{name}] must have values")
        texts[name] = str(value).lower() if isinstance(value, bool) else str(value)
        _check(name, texts[name], declaration)
    return texts, {name: _value(texts[name], declared[name]["Type"], read_ssm) for name in texts}


def stored_value(ssm: BaseClient, name: str) -> str:
    """The value of a parameter in Parameter Store; ValidationError when there is none."""
    found = ssm.get_parameters(Names=[name])["Parameters"]
    if not found:
        raise validation_error(f"Unable to fetch parameters [{name}] from parameter store for this account.")
    value: str = found[0]["Value"]
    return value


def _check(name: str, text: str, declaration: ParameterDeclaration) -> None:
    problem = None
    allowed = [str(value) for value in declaration.get("AllowedValues", [])]
    pattern = declaration.get("AllowedPattern")
    if allowed and text not in allowed:
        problem = f"must be one of {allowed}"
    elif pattern and not re.fullmatch(pattern, text):
        problem = f"must match pattern {pattern}"
    elif len(text) < int(declaration.get("MinLength", 0)):
        problem = f"must contain at least {declaration['MinLength']} characters"
    elif len(text) > int(declaration.get("MaxLength", len(text))):
        problem = f"must contain at most {declaration['MaxLength']} characters"
    elif declaration["Type"] == "Number":
        problem = _number_problem(text, declaration)
    if problem:
        described = declaration.get("ConstraintDescription", problem)
        raise validation_error(f"Parameter {name} failed to satisfy constraint: {described}")


def _number_problem(text: str, declaration: ParameterDeclaration) -> str | None:
    try:
        number = float(text)
    except ValueError:
        return "must be numeric"
    if number < float(declaration.get("MinValue", number)):
        return f"must be at least {declaration['MinValue']}"
    if number > float(declaration.get("MaxValue", number)):
        return f"must be at most {declaration['MaxValue']}"
    return None


def _value(text: str, kind: str, read_ssm: Callable[[str], str]) -> JSON:
    if kind.startswith(_SSM):
        text, kind = read_ssm(text), kind.removeprefix(_SSM).removesuffix(">")
    if kind == "CommaDelimitedList" or kind.startswith("List<"):
        return [part.strip() for part in text.split(",")]
    return text
