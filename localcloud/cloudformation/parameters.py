"""Values of a template's parameters: what was given, kept from before, or the default; checked as declared."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from localcloud.cloudformation.template import Template, validation_error

_SSM = "AWS::SSM::Parameter::Value<"


def parameter_values(
    template: Template,
    given: Sequence[Mapping[str, Any]],
    previous: Mapping[str, str],
    read_ssm: Callable[[str], str],
) -> tuple[dict[str, str], dict[str, Any]]:
    """The texts as the caller gave them, and the values that Ref answers (lists split, SSM names looked up)."""
    declared: Mapping[str, Any] = template.get("Parameters", {})
    by_name = {item["ParameterKey"]: item for item in given}
    unknown = sorted(set(by_name) - set(declared))
    if unknown:
        raise validation_error(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    texts: dict[str, str] = {}
    for name, declaration in declared.items():
        item = by_name.get(name, {})
        if item.get("UsePreviousValue"):
            text = previous.get(name)
        else:
            text = item.get("ParameterValue", declaration.get("Default"))
        if text is None:
            raise validation_error(f"Parameters: [{name}] must have values")
        texts[name] = str(text).lower() if isinstance(text, bool) else str(text)
        _check(name, texts[name], declaration)
    return texts, {name: _value(texts[name], declared[name]["Type"], read_ssm) for name in texts}


def _check(name: str, text: str, declaration: Mapping[str, Any]) -> None:
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


def _number_problem(text: str, declaration: Mapping[str, Any]) -> str | None:
    try:
        number = float(text)
    except ValueError:
        return "must be numeric"
    if number < float(declaration.get("MinValue", number)):
        return f"must be at least {declaration['MinValue']}"
    if number > float(declaration.get("MaxValue", number)):
        return f"must be at most {declaration['MaxValue']}"
    return None


def _value(text: str, kind: str, read_ssm: Callable[[str], str]) -> Any:
    if kind.startswith(_SSM):
        text, kind = read_ssm(text), kind.removeprefix(_SSM).removesuffix(">")
    if kind == "CommaDelimitedList" or kind.startswith("List<"):
        return [part.strip() for part in text.split(",")]
    return text
