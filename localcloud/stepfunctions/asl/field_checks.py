"""Checks of the fields of one state: which are allowed, and whether their expressions parse."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from localcloud.json_types import JSON, JsonObject
from localcloud.stepfunctions.asl import intrinsics, json_path
from localcloud.stepfunctions.asl.choice import COMPARISONS, TYPE_TESTS
from localcloud.stepfunctions.asl.errors import ExpressionError

_COMMON = {"Type", "Comment", "QueryLanguage"}
_FLOW = {"Next", "End", "InputPath", "OutputPath"}
_RESULT = {"Parameters", "ResultPath", "ResultSelector", "Retry", "Catch"}
_ALLOWED = {
    "Task": _COMMON | _FLOW | _RESULT | {"Resource", "TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds",
                                         "HeartbeatSecondsPath", "Credentials"},
    "Pass": _COMMON | _FLOW | {"Parameters", "Result", "ResultPath"},
    "Wait": _COMMON | _FLOW | {"Seconds", "SecondsPath", "Timestamp", "TimestampPath"},
    "Choice": _COMMON | {"Choices", "Default", "InputPath", "OutputPath"},
    "Succeed": _COMMON | {"InputPath", "OutputPath"},
    "Fail": _COMMON | {"Error", "ErrorPath", "Cause", "CausePath"},
    "Parallel": _COMMON | _FLOW | _RESULT | {"Branches"},
    "Map": _COMMON | _FLOW | _RESULT | {"ItemsPath", "ItemSelector", "ItemProcessor", "Iterator", "MaxConcurrency",
                                        "MaxConcurrencyPath", "Label"},
}  # fmt: skip
_REQUIRED = {"Task": ("Resource",), "Choice": ("Choices",), "Parallel": ("Branches",)}
_PATHS = ("InputPath", "OutputPath", "ItemsPath")
_REFERENCES = ("ResultPath", "TimeoutSecondsPath", "HeartbeatSecondsPath", "SecondsPath", "TimestampPath",
               "MaxConcurrencyPath")  # fmt: skip
_OR_INTRINSIC = ("ErrorPath", "CausePath")
_TEMPLATES = ("Parameters", "ResultSelector", "ItemSelector")
_JSONATA = {"Arguments", "Output", "Assign", "Items", "Condition"}
_WAITS = ("Seconds", "SecondsPath", "Timestamp", "TimestampPath")
_DISTRIBUTED = {"ItemReader", "ItemBatcher", "ResultWriter", "ToleratedFailureCount", "ToleratedFailurePercentage"}

_SCHEMA = "SCHEMA_VALIDATION_FAILED:"
_NOT_EMULATED = "NOT_EMULATED: localcloud does not run"


def check_machine(definition: JsonObject) -> Iterator[str]:
    """Problems of a definition's top level."""
    if definition.get("QueryLanguage", "JSONPath") != "JSONPath":
        yield f"{_NOT_EMULATED} JSONata; use QueryLanguage JSONPath at /QueryLanguage"
    allowed = {"StartAt", "States", "Comment", "Version", "TimeoutSeconds", "QueryLanguage"}
    yield from (f"{_SCHEMA} Field '{name}' is not supported. at /{name}" for name in sorted(set(definition) - allowed))
    yield from _check_positive(definition, "TimeoutSeconds", "")


def check_state(name: str, state: JsonObject, at: str) -> Iterator[str]:
    """Problems of one state's own fields; nested flows are checked by the caller."""
    kind = state.get("Type")
    if len(name) > 80:
        yield f"{_SCHEMA} a state name has at most 80 characters at {at}"
    if not isinstance(kind, str) or kind not in _ALLOWED:
        yield f"{_SCHEMA} Value {kind!r} is not one of {', '.join(_ALLOWED)} at {at}/Type"
        return
    yield from _check_names(state, kind, at)
    yield from _check_transitions(state, kind, at)
    yield from _check_expressions(state, at)
    for field in ("TimeoutSeconds", "HeartbeatSeconds"):
        yield from _check_positive(state, field, at)
    yield from _check_each(state.get("Retry"), f"{at}/Retry", _check_retrier)
    yield from _check_each(state.get("Catch"), f"{at}/Catch", _check_catcher)
    if kind == "Choice":
        yield from _check_each(state.get("Choices"), f"{at}/Choices", _check_top_rule)
    if kind == "Map":
        yield from _check_map(state, at)


def _check_each(items: JSON, at: str, check: Callable[[JsonObject, str], Iterator[str]]) -> Iterator[str]:
    """Check the objects of a list; a field that is absent or empty has none."""
    if not items:
        return
    if not isinstance(items, list):
        yield f"{_SCHEMA} Expected a list at {at}"
        return
    for index, item in enumerate(items):
        if isinstance(item, dict):
            yield from check(item, f"{at}[{index}]")
        else:
            yield f"{_SCHEMA} Expected an object at {at}[{index}]"


def _check_names(state: JsonObject, kind: str, at: str) -> Iterator[str]:
    if state.get("QueryLanguage", "JSONPath") != "JSONPath":
        yield f"{_NOT_EMULATED} JSONata; use QueryLanguage JSONPath at {at}/QueryLanguage"
    for name in sorted(set(state) - _ALLOWED[kind]):
        if name in _JSONATA:
            yield f"{_NOT_EMULATED} JSONata or workflow variables at {at}/{name}"
        elif kind == "Map" and name in _DISTRIBUTED:
            yield f"{_NOT_EMULATED} distributed Map states at {at}/{name}"
        else:
            yield f"{_SCHEMA} Field '{name}' is not supported. at {at}/{name}"
    missing = [name for name in _REQUIRED.get(kind, ()) if not state.get(name)]
    if missing:
        yield f"{_SCHEMA} These fields are required: [{', '.join(missing)}] at {at}"
    if kind == "Wait" and sum(name in state for name in _WAITS) != 1:
        yield f"{_SCHEMA} A Wait state has exactly one of {', '.join(_WAITS)} at {at}"


def _check_transitions(state: JsonObject, kind: str, at: str) -> Iterator[str]:
    if kind in ("Choice", "Succeed", "Fail"):
        return
    if "Next" in state and "End" in state:
        yield f"{_SCHEMA} A state has only one of: [Next, End] at {at}"
    elif "Next" not in state and state.get("End") is not True:
        yield f"{_SCHEMA} These fields are required: [Next] or [End] at {at}"


def _check_positive(holder: JsonObject, field: str, at: str) -> Iterator[str]:
    value = holder.get(field)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        yield f"{_SCHEMA} Expected a positive integer, found {value!r} at {at}/{field}"
    if f"{field}Path" in holder and value is not None:
        yield f"{_SCHEMA} A state has only one of: [{field}, {field}Path] at {at}"


def _check_expressions(state: JsonObject, at: str) -> Iterator[str]:
    for field in _PATHS:
        yield from _check_path(state.get(field), f"{at}/{field}")
    for field in _REFERENCES:
        yield from _check_path(state.get(field), f"{at}/{field}", reference=True)
    for field in _OR_INTRINSIC:
        if field in state:
            yield from _check_expression(state[field], f"{at}/{field}")
    for field in _TEMPLATES:
        yield from _check_template(state.get(field), f"{at}/{field}")


def _check_path(value: JSON, at: str, *, reference: bool = False) -> Iterator[str]:
    if value is None:
        return
    try:
        text = str(value)
        text = text[1:] if text.startswith("$$") else text
        json_path.parse_reference(text) if reference else json_path.parse(text)
    except ExpressionError as error:
        yield f"{_SCHEMA} Value is not a {'Reference Path' if reference else 'valid JSONPath'}: {error} at {at}"


def _check_expression(value: JSON, at: str) -> Iterator[str]:
    if not isinstance(value, str) or not value.startswith(("$", "States.")):
        yield f"{_SCHEMA} The value for the field '{at.rpartition('/')[2]}' must be a valid JSONPath or a valid " \
              f"intrinsic function call at {at}"  # fmt: skip
        return
    try:
        if value.startswith("States."):
            intrinsics.parse(value)
        else:
            json_path.parse(value[1:] if value.startswith("$$") else value)
    except ExpressionError as error:
        yield f"{_SCHEMA} {error} at {at}"


def _check_template(template: JSON, at: str) -> Iterator[str]:
    if isinstance(template, dict):
        for key, value in template.items():
            if key.endswith(".$"):
                yield from _check_expression(value, f"{at}/{key}")
            else:
                yield from _check_template(value, f"{at}/{key}")
    elif isinstance(template, list):
        for index, each in enumerate(template):
            yield from _check_template(each, f"{at}[{index}]")
    elif isinstance(template, str) and template.startswith("{%") and template.endswith("%}"):
        yield f"{_NOT_EMULATED} JSONata expressions at {at}"


def _check_errors(names: JSON, at: str) -> Iterator[str]:
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        yield f"{_SCHEMA} ErrorEquals must be a non-empty list of error names at {at}"
    elif "States.ALL" in names and len(names) > 1:
        yield f"{_SCHEMA} States.ALL must appear alone at {at}"


def _check_retrier(retrier: JsonObject, at: str) -> Iterator[str]:
    allowed = {"ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy",
               "Comment"}  # fmt: skip
    yield from _check_errors(retrier.get("ErrorEquals"), f"{at}/ErrorEquals")
    yield from (f"{_SCHEMA} Field '{name}' is not supported. at {at}" for name in sorted(set(retrier) - allowed))
    yield from _check_positive(retrier, "IntervalSeconds", at)
    yield from _check_positive(retrier, "MaxDelaySeconds", at)
    attempts = retrier.get("MaxAttempts", 3)
    if not isinstance(attempts, int) or isinstance(attempts, bool) or attempts < 0:
        yield f"{_SCHEMA} Expected a whole number of at least 0, found {attempts!r} at {at}/MaxAttempts"
    rate = retrier.get("BackoffRate", 2.0)
    if not isinstance(rate, int | float) or isinstance(rate, bool) or rate < 1:
        yield f"{_SCHEMA} Expected a number of at least 1.0, found {rate!r} at {at}/BackoffRate"


def _check_catcher(catcher: JsonObject, at: str) -> Iterator[str]:
    yield from _check_errors(catcher.get("ErrorEquals"), f"{at}/ErrorEquals")
    if not isinstance(catcher.get("Next"), str):
        yield f"{_SCHEMA} These fields are required: [Next] at {at}"
    yield from _check_path(catcher.get("ResultPath"), f"{at}/ResultPath", reference=True)
    allowed = {"ErrorEquals", "Next", "ResultPath", "Comment"}
    yield from (f"{_SCHEMA} Field '{name}' is not supported. at {at}" for name in sorted(set(catcher) - allowed))


def _check_top_rule(rule: JsonObject, at: str) -> Iterator[str]:
    if isinstance(rule.get("Next"), str):
        yield from _check_rule(rule, at)
    else:
        yield f"{_SCHEMA} These fields are required: [Next] at {at}"


def _check_rule(rule: JsonObject, at: str) -> Iterator[str]:
    for name in ("And", "Or"):
        yield from _check_each(rule.get(name), f"{at}/{name}", _check_rule)
    if "Not" in rule:
        inner = rule["Not"]
        yield from _check_rule(inner if isinstance(inner, dict) else {}, f"{at}/Not")
    if {"And", "Or", "Not"} & set(rule):
        return
    comparisons = [name for name in rule if name in COMPARISONS]
    if len(comparisons) != 1 or "Variable" not in rule:
        yield f"{_SCHEMA} A rule has a Variable and exactly one comparison at {at}"
        return
    yield from _check_path(rule["Variable"], f"{at}/Variable")
    if comparisons[0] in TYPE_TESTS and not isinstance(rule[comparisons[0]], bool):
        yield f"{_SCHEMA} Expected true or false at {at}/{comparisons[0]}"


def _check_map(state: JsonObject, at: str) -> Iterator[str]:
    processor = state.get("ItemProcessor") or state.get("Iterator")
    if not isinstance(processor, dict):
        yield f"{_SCHEMA} These fields are required: [ItemProcessor] at {at}"
        return
    config = processor.get("ProcessorConfig")
    if isinstance(config, dict) and config.get("Mode", "INLINE") != "INLINE":
        yield f"{_NOT_EMULATED} distributed Map states at {at}/ItemProcessor/ProcessorConfig/Mode"
