"""Whether an artifact that an earlier execution trained can be evaluated by this run: asked before anything is paid."""

from __future__ import annotations

import json
from collections.abc import Mapping

from imgcls.contract import keys
from imgcls.contract.artifact import label_of
from imgcls.contract.dataset import DatasetSettings
from imgcls.contract.plan_file import PlanFile
from imgcls.contract.run_plan import PLAN_FILE
from lambdas.common import s3
from lambdas.common.errors import Refused
from lambdas.plan_run import lookups


def require_evaluable(artifacts_bucket: str, data_bucket: str, now: PlanFile, trained: Mapping[str, str]) -> None:
    """Raises Refused for what EvaluateModel would refuse: another name, network, preprocessing or other classes.

    `trained`: model -> URI. What a run trained is in `runs/<execution>/<model>/output/`, its settings in that
    execution's plan; of an artifact without one, such as an imported one, nothing more is known.
    """
    for model, uri in trained.items():
        execution, _, rest = keys.parse_uri(uri)[1].removeprefix(keys.RUNS).partition("/")
        name, _, rest = rest.partition("/")
        if rest.startswith("output/") and name != model:
            raise Refused(
                f"the artifact given for {model} was trained as {name} and keeps that name: publish it as {name}, "
                f"without --as, or train {model}"
            )
        plan = s3.read(artifacts_bucket, keys.plan(execution) + PLAN_FILE)
        before = PlanFile.from_dict(json.loads(plan[0])) if plan else None
        if before and model in before.models:
            _require_same_settings(model, before, now)
            _require_same_classes(model, data_bucket, before.dataset, now.dataset)


def _require_same_settings(model: str, before: PlanFile, now: PlanFile) -> None:
    for field in ("architecture", "preprocessing"):
        old, new = getattr(before.models[model], field), getattr(now.models[model], field)
        if old != new:
            raise Refused(
                f"the artifact given for {model} was trained with {field} {old}, and {model} now has {new}: "
                "train it again, or change the model back"
            )


def _require_same_classes(model: str, bucket: str, before: DatasetSettings, now: DatasetSettings) -> None:
    if before.name == now.name:
        return
    old, new = _classes(bucket, before), _classes(bucket, now)
    if old and old != new:  # a data set that was deleted has none
        raise Refused(
            f"the artifact given for {model} was trained on {before.name}, and {now.name} has other classes: "
            f"evaluate it on {before.name}"
        )


def _classes(bucket: str, dataset: DatasetSettings) -> set[str]:
    layout = None if dataset.layout == "auto" else dataset.layout
    return {label_of(folder, dataset.labels) for folder in lookups.class_folders(bucket, dataset.name, layout)}
