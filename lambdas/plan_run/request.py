"""An execution's input, checked before anything is paid for. Every refusal names the field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from imgcls.contract import hyperparameters, keys
from imgcls.contract.artifact import ARCHIVE
from imgcls.contract.run_plan import MAX_MODELS
from lambdas.common.errors import Refused

FIELDS = (
    "models", "dataset", "tune", "hyperparameters", "instances", "trained", "as", "replace_labels", "publish_staged",
    "promote",
)  # fmt: skip
MAX_INSTANCES = 20
"""The service's limit for one training job."""
FIXED = ("model-name", "architecture", "pretrained", "preprocessing", "serving", "labels")
"""Hyperparameters that the model's own fields set."""
EXECUTION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,78}[A-Za-z0-9])?")


@dataclass(frozen=True)
class RunRequest:
    """What to run. `hyperparameters`: model -> name -> the string for CreateTrainingJob.

    `instances` of each final training; None means the configured number. `trained`: model -> the URI of an artifact
    that is evaluated and published in place of a training. `recipes`: model -> the configured model whose settings it
    uses, itself unless the input gives a new name. `replace_labels`: the published version may have other labels.
    """

    execution: str
    models: tuple[str, ...]
    dataset: str
    tune: bool
    hyperparameters: Mapping[str, Mapping[str, str]]
    instances: int | None = None
    trained: Mapping[str, str] = field(default_factory=dict)
    recipes: Mapping[str, str] = field(default_factory=dict)
    replace_labels: bool = False


def parse(value: Any, execution: str, specs: Mapping[str, Any]) -> RunRequest:
    """The request in an execution's input; `{}` is the environment's default. Raises Refused naming the field."""
    check_name(execution)
    if not isinstance(value, dict):
        raise Refused(f'the input is {_kind(value)}; it must be an object such as {{"models": ["..."]}}, or {{}}')
    unknown = sorted(set(value) - set(FIELDS))
    if unknown:
        raise Refused(f"the input has the unknown field {unknown[0]!r}; choose from {', '.join(FIELDS)}")
    models = _models(value, specs)
    names = _names(value, models, specs)
    return RunRequest(
        execution=execution,
        models=tuple(names.values()),
        dataset=_dataset(value, models, specs),
        tune=_boolean(value, "tune", specs["defaults"]["tune"]),
        hyperparameters={names[model]: given for model, given in _hyperparameters(value, models).items()},
        instances=_instances(value, specs),
        trained={names[model]: uri for model, uri in _trained(value, models).items()},
        recipes={name: model for model, name in names.items()},
        replace_labels=_boolean(value, "replace_labels", False),
    )


def check_name(execution: str) -> None:
    """Raises Refused for a name that may not become a part of a key."""
    if not EXECUTION.fullmatch(execution) or ".." in execution:
        raise Refused(f"the execution's name is {execution!r}: use letters, digits, '-', '_' and '.' only")


def _models(value: Mapping[str, Any], specs: Mapping[str, Any]) -> tuple[str, ...]:
    names = value.get("models", specs["defaults"]["models"])
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise Refused(f"models is {names!r}; it must be a list of at least one model name")
    for name in names:
        if name not in specs["models"]:
            raise Refused(f"models has {name!r}, which is not configured; choose from {', '.join(specs['models'])}")
        if names.count(name) > 1:
            raise Refused(f"models has {name!r} twice: name each model once")
    if len(names) > MAX_MODELS:
        raise Refused(f"models has {len(names)} names; a run can have at most {MAX_MODELS}: start several runs")
    return tuple(names)


def _dataset(value: Mapping[str, Any], models: tuple[str, ...], specs: Mapping[str, Any]) -> str:
    """The data set in the input, by default the one that all models are configured with."""
    if "dataset" in value:
        name = value["dataset"]
        if not isinstance(name, str) or not keys.NAME.fullmatch(name):
            raise Refused(f"dataset is {name!r}; it must be a name of lower case letters, digits and hyphens")
        return name
    used: list[str] = sorted({specs["models"][model]["dataset"] for model in models})
    if len(used) > 1:
        raise Refused(
            f"models uses the data sets {' and '.join(used)}, and a run has only one: "
            "start one run per data set, or name one dataset for all of them"
        )
    return used[0]


def _names(value: Mapping[str, Any], models: tuple[str, ...], specs: Mapping[str, Any]) -> dict[str, str]:
    """Configured model -> the name under which this run trains and publishes it."""
    given = value.get("as", {})
    if not isinstance(given, dict):
        raise Refused(f"as is {_kind(given)}; it must map a model to the new name that it is trained under")
    for model, name in given.items():
        if model not in models:
            raise Refused(f"as has {model!r}, which is not in this run; it has {_list(models)}")
        if not isinstance(name, str) or not keys.NAME.fullmatch(name):
            raise Refused(f"as.{model} is {name!r}; it must be a name of lower case letters, digits and hyphens")
        if name in specs["models"]:
            raise Refused(f"as.{model} is {name}, a configured model: choose a new name, or start {name} itself")
    names = {model: given.get(model, model) for model in models}
    twice = sorted(name for name in names.values() if list(names.values()).count(name) > 1)
    if twice:
        raise Refused(f"as has {twice[0]} twice: give each model a name of its own")
    return names


def _boolean(value: Mapping[str, Any], name: str, default: bool) -> bool:
    given = value.get(name, default)
    if not isinstance(given, bool):
        raise Refused(f"{name} is {given!r}; it must be true or false")
    return given


def require_encrypted(count: int | None, specs: Mapping[str, Any]) -> None:
    """Raises Refused for several instances of a training whose traffic would not be encrypted, and has to be."""
    if count is not None and count > 1 and not specs["several_instances"]:
        raise Refused(
            f"instances is {count}, and {specs['environment']} encrypts the traffic between the instances of a "
            "training only where training.instance_count is above 1: set it to 2 or more in kennel.yaml, and deploy"
        )


def _instances(value: Mapping[str, Any], specs: Mapping[str, Any]) -> int | None:
    count = value.get("instances")
    if count is not None and (type(count) is not int or not 1 <= count <= MAX_INSTANCES):
        raise Refused(f"instances is {count!r}; it must be a whole number from 1 to {MAX_INSTANCES}")
    require_encrypted(count, specs)
    return count


def _hyperparameters(value: Mapping[str, Any], models: tuple[str, ...]) -> dict[str, dict[str, str]]:
    given = value.get("hyperparameters", {})
    if not isinstance(given, dict):
        raise Refused(f"hyperparameters is {_kind(given)}; it must map a model to its hyperparameters")
    for model, values in given.items():
        if model not in models:
            raise Refused(f"hyperparameters has {model!r}, which this run does not train; it trains {_list(models)}")
        if not isinstance(values, dict):
            raise Refused(f"hyperparameters.{model} is {_kind(values)}; it must map names to values")
        for name in values:
            if name in FIXED:
                raise Refused(f"hyperparameters.{model}.{name} is set by the model's configuration: change it there")
    return {model: _encoded(model, values) for model, values in given.items()}


def _trained(value: Mapping[str, Any], models: tuple[str, ...]) -> dict[str, str]:
    given = value.get("trained", {})
    if not isinstance(given, dict):
        raise Refused(f"trained is {_kind(given)}; it must map a model to the URI of its artifact")
    for model, uri in given.items():
        if model not in models:
            raise Refused(f"trained has {model!r}, which is not in this run; it has {_list(models)}")
        if not isinstance(uri, str) or not uri.startswith("s3://") or not uri.endswith(f"/{ARCHIVE}"):
            raise Refused(f"trained.{model} is {uri!r}; it must be a URI such as s3://BUCKET/PREFIX/{ARCHIVE}")
        if model in value.get("hyperparameters", {}):
            raise Refused(f"hyperparameters.{model} has no effect, because trained.{model} is given: leave one out")
    return dict(given)


def _encoded(model: str, values: Mapping[str, Any]) -> dict[str, str]:
    try:
        return hyperparameters.encode(values)
    except hyperparameters.HyperparameterError as error:
        raise Refused(f"hyperparameters.{model}: {error}") from None


def _kind(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(names)
