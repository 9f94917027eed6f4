"""PlanRun: validate the input, fill defaults, name the jobs, check quotas, price the worst case."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from imgcls.contract.alias import Alias
from imgcls.contract.artifact import label_of
from imgcls.contract.run_plan import RunPlan
from lambdas.common.log import logged
from lambdas.plan_run import (
    account_quotas,
    earlier_training,
    fitting,
    lookups,
    naming,
    polling,
    price,
    promoted,
    request,
    staged,
)
from lambdas.plan_run.environment import Environment
from lambdas.plan_run.plan import Published, draft


@logged
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`{"input": the execution's input, "execution": its name}` -> RunPlan.to_answer().

    Raises Refused, before anything is paid for.
    """
    environment = Environment.from_environment(os.environ)
    specs = json.loads((Path(__file__).parent / environment.specs_file).read_text())
    if staged.is_asked_for(event["input"]):
        return staged.plan(event["input"], event["execution"], environment.artifacts_bucket, specs["max_concurrency"])
    if promoted.is_asked_for(event["input"]):
        return promoted.plan(event["input"], event["execution"], environment.artifacts_bucket, specs)
    wanted = request.parse(event["input"], event["execution"], specs)
    specs = naming.with_new_models(specs, wanted)
    lookups.require_dataset(environment.data_bucket, wanted.dataset)
    aliases = lookups.published(environment.artifacts_bucket, wanted.models)
    if not wanted.replace_labels:
        _require_same_labels(environment, aliases, wanted.dataset, specs["datasets"].get(wanted.dataset, {}))
    searches = lookups.searches(environment.artifacts_bucket, aliases)
    known = Published(
        searches={model: search.job for model, search in searches.items()},
        hyperparameters={model: search.hyperparameters for model, search in searches.items()},
        trained=lookups.trained(environment.artifacts_bucket, wanted.trained),
    )
    made = draft(wanted, specs, known, environment)
    earlier_training.require_evaluable(environment.artifacts_bucket, environment.data_bucket, made.file, wanted.trained)
    lookups.require_weights(environment.artifacts_bucket, made.plan)
    cost = price.worst_case_usd(made.plan, specs["usd_per_hour"])
    price.check_budget(cost, specs["budget_usd"])
    plan = polling.paced(replace(_within_quotas(made.plan, environment), worst_case_usd=cost), specs)
    lookups.store(environment.artifacts_bucket, plan, made.file)
    return plan.to_answer()


def _require_same_labels(
    environment: Environment, aliases: Mapping[str, Alias], dataset: str, spec: Mapping[str, Any]
) -> None:
    """Raises Refused if a published name would get other labels. A version that was staged without labels passes."""
    published = lookups.labels(environment.artifacts_bucket, aliases)
    if published:
        folders = lookups.class_folders(environment.data_bucket, dataset, spec.get("layout"))
        uploaded = {label_of(folder, spec.get("labels")) for folder in folders}
        for model, labels in published.items():
            naming.require_same_labels(model, labels, uploaded, dataset)


def _within_quotas(plan: RunPlan, environment: Environment) -> RunPlan:
    if not environment.check_quotas:
        return replace(plan, notes=(*plan.notes, "quotas were not checked: this environment has none"))
    account = account_quotas.read(fitting.needed(plan))
    fitted = fitting.fit(plan, account.found, environment.region)
    return replace(fitted, notes=(*fitted.notes, account.note)) if account.note else fitted
