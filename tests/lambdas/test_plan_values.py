"""Each value of a run's plan, where it comes from and where it points."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import pytest

import config
from imgcls.contract.run_plan import JobSize
from lambdas.common.errors import Refused
from lambdas.plan_run.environment import Environment
from lambdas.plan_run.plan import Published, draft
from lambdas.plan_run.price import Item, in_cents, items
from lambdas.plan_run.request import parse
from lambdas.plan_run.search import NO_TUNING
from pipeline.specs import run_specs

SPECS = {**run_specs(config.load("dev")), "several_instances": True}
ENVIRONMENT = Environment("data", "artifacts", "eu-west-1", "abc.gz", check_quotas=True)
BREEDS, MOBILE, CATS = "dog-breed-classifier", "dog-breed-classifier-mobile", "cat-dog-classifier"
TRAINING = JobSize("ml.g5.xlarge", 1, 100, 14400, ("ml.g4dn.xlarge",))
EVALUATION = JobSize("ml.c7i.2xlarge", 1, 30, 7200)
TOOLKIT = {
    "sagemaker_program": "train.py",
    "sagemaker_submit_directory": "/opt/ml/input/data/code/abc.gz",
    "sagemaker_region": "eu-west-1",
    "sagemaker_container_log_level": "30",
}


def plan(value: dict[str, Any] | None = None, specs: Any = SPECS, **published: Any) -> Any:
    return draft(parse(value or {}, "run-1", specs), specs, Published(**published), ENVIRONMENT).plan


def test_a_run_says_where_everything_lies() -> None:
    values = asdict(plan({"models": [MOBILE]}))
    (model,) = values.pop("models")
    assert values == {
        "execution": "run-1",
        "dataset": "dog-breeds",
        "dataset_uri": "s3://data/datasets/dog-breeds/",
        "prepared_uri": "s3://artifacts/prepared/",
        "plan_uri": "s3://artifacts/runs/run-1/plan/",
        "parts_uri": "s3://artifacts/runs/run-1/parts/",
        "base": "prepare-4e65d3",
        "preparation": asdict(JobSize("ml.m5.2xlarge", 1, 30, 7200)),
        "max_concurrency": 1,
        "worst_case_usd": 0.0,
        "spot": True,
        "polling": {"first_seconds": 30, "step_seconds": 1},
        "publish_staged": False,
        "promote": False,
        "notes": (),
    }
    hyperparameters = model.pop("hyperparameters")
    assert hyperparameters == {**SPECS["models"][MOBILE]["hyperparameters"], "labels": "{}", **TOOLKIT}
    run = f"s3://artifacts/runs/run-1/{MOBILE}/"
    assert model == {
        "name": MOBILE,
        "base": "dog-breed-c-83d68b",
        "tune": False,
        "pretrained": True,
        "architecture": "mobilenet_v3_small",
        "tuning": asdict(NO_TUNING),
        "training": asdict(TRAINING),
        "trial": asdict(TRAINING),
        "evaluation": asdict(EVALUATION),
        "weights_uri": "s3://artifacts/weights/mobilenet_v3_small.safetensors",
        "output_uri": f"{run}output/",
        "checkpoints_uri": f"{run}checkpoints/",
        "trials_uri": f"{run}trials/",
        "hyperparameters_key": f"runs/run-1/{MOBILE}/hyperparameters.json",
        "run_uri": run,
        "package_group": f"kennel-dev-{MOBILE}",
        "trained": None,
    }


def test_what_stands_in_for_a_search_runs_nothing() -> None:
    assert (NO_TUNING.max_jobs, NO_TUNING.max_parallel_jobs, NO_TUNING.max_runtime_seconds) == (0, 0, 0)
    assert (NO_TUNING.strategy, NO_TUNING.goal, NO_TUNING.early_stopping, NO_TUNING.seed) == (
        "Random", "Maximize", "Off", 0,
    )  # fmt: skip
    assert NO_TUNING.parameter_ranges == {}


def test_a_run_has_a_side_by_side_limit_and_may_be_off_spot() -> None:
    found = plan(specs={**SPECS, "max_concurrency": 1, "spot": False})
    assert (found.max_concurrency, found.spot, len(found.models)) == (1, False, 2)


@pytest.mark.parametrize(
    ("specs", "value", "distributed", "instances"),
    [
        (SPECS, {}, False, 1),
        ({**SPECS, "distributed": True}, {}, True, 1),
        (SPECS, {"instances": 2}, True, 2),
        (SPECS, {"instances": 1}, False, 1),
    ],
)
def test_several_processes_are_started_by_the_toolkit(
    specs: Any, value: dict[str, Any], distributed: bool, instances: int
) -> None:
    (model,) = plan({"models": [MOBILE], **value}, specs).models
    assert (model.hyperparameters.get("sagemaker_torch_distributed_enabled") == "true") is distributed
    assert (model.training.instance_count, model.trial.instance_count) == (instances, 1)


def tuned(**changes: Any) -> Any:
    """SPECS with another search of one model."""
    model = SPECS["models"][BREEDS]
    return {**SPECS, "models": {**SPECS["models"], BREEDS: {**model, "tuning": {**model["tuning"], **changes}}}}


def test_a_search_keeps_what_is_configured() -> None:
    (model,) = plan({"models": [BREEDS]}).models
    configured = SPECS["models"][BREEDS]["tuning"]
    assert model.tune and asdict(model.tuning) == {**configured, "max_resource": 10}
    assert {"lr", "batch-size"} & set(model.hyperparameters) == set()


@pytest.mark.parametrize(("epochs", "least", "most"), [(None, 3, 10), (2, 2, 2), (30, 3, 30)])
def test_hyperbands_epochs_are_the_runs(epochs: int | None, least: int, most: int) -> None:
    given = {"hyperparameters": {BREEDS: {"epochs": epochs}}} if epochs else {}
    (model,) = plan({"models": [BREEDS], **given}, tuned(min_resource=3)).models
    assert (model.tuning.min_resource, model.tuning.max_resource) == (least, most)


def test_without_epochs_of_its_own_a_model_has_those_of_its_search() -> None:
    specs = tuned(max_resource=8)
    values = {key: value for key, value in SPECS["models"][BREEDS]["hyperparameters"].items() if key != "epochs"}
    specs["models"][BREEDS]["hyperparameters"] = values
    (model,) = plan({"models": [BREEDS]}, specs).models
    assert model.tuning.max_resource == 8


@pytest.mark.parametrize(
    ("warm_start", "searches", "parents", "cold"),
    [
        (True, {BREEDS: "earlier"}, ({"HyperParameterTuningJobName": "earlier"},), False),
        (True, {}, (), True),
        (True, {MOBILE: "another's"}, (), True),
        (False, {BREEDS: "earlier"}, (), False),
    ],
)
def test_a_search_starts_from_its_models_last_one(
    warm_start: bool, searches: dict[str, str], parents: tuple[Any, ...], cold: bool
) -> None:
    found = plan({"models": [BREEDS]}, tuned(warm_start=warm_start), searches=searches)
    assert found.models[0].tuning.parents == parents
    assert len(found.notes) == cold and all(note.startswith(f"{BREEDS}: ") for note in found.notes)
    quiet = plan({"models": [BREEDS], "tune": False}, tuned(warm_start=warm_start), searches=searches)
    assert quiet.notes == () and not quiet.models[0].tune


def test_a_search_with_other_hyperparameters_than_the_last_one_starts_cold() -> None:
    """The service refuses a warm start whose hyperparameters have other names, searched or not."""
    specs = tuned(warm_start=True)
    searches = {BREEDS: "earlier"}
    (cold,) = plan({"models": [BREEDS], "tune": False}).models
    last = {BREEDS: frozenset({*cold.hyperparameters, "lr", "batch-size"})}
    warm = plan({"models": [BREEDS]}, specs, searches=searches, hyperparameters=last)
    assert warm.models[0].tuning.parents == ({"HyperParameterTuningJobName": "earlier"},) and warm.notes == ()
    pinned = {"models": [BREEDS], "hyperparameters": {BREEDS: {"lr": 0.1}}}
    assert plan(pinned, specs, searches=searches, hyperparameters=last).models[0].tuning.parents
    for change in ({"hyperparameters": {BREEDS: {"label-smoothing": 0.1}}}, {"instances": 2}):
        other = plan({"models": [BREEDS], **change}, specs, searches=searches, hyperparameters=last)
        assert other.models[0].tuning.parents == ()
        assert other.notes == (f"{BREEDS}: the search starts cold, because the last one had other hyperparameters",)


def test_a_grid_has_a_trial_per_combination_of_what_is_left() -> None:
    grid = [{"Name": name, "Values": list("abc")} for name in ("optimizer", "class-weighting")]
    specs = tuned(
        strategy="Grid", parameter_ranges={"CategoricalParameterRanges": grid}, max_jobs=9, max_parallel_jobs=4
    )
    (model,) = plan({"models": [BREEDS]}, specs).models
    assert (model.tuning.max_jobs, model.tuning.max_parallel_jobs) == (9, 4)
    (model,) = plan({"models": [BREEDS], "hyperparameters": {BREEDS: {"optimizer": "sgd"}}}, specs).models
    assert (model.tuning.max_jobs, model.tuning.max_parallel_jobs) == (3, 3)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"hyperparameters": {MOBILE: {"feature-cache": True}}}, "pass --freeze-backbone true with it"),
        ({"hyperparameters": {MOBILE: {"batch-size": 1}}}, "use at least 2"),
        ({"hyperparameters": {MOBILE: {"batch-size": 31}}, "instances": 16}, "in 16 parts"),
        (
            {"hyperparameters": {MOBILE: {"feature-cache": True, "freeze-backbone": True}}, "instances": 2},
            "runs in one process",
        ),
    ],
)
def test_what_training_would_refuse_is_refused_before_the_preparation(value: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused, match=f"{MOBILE} cannot be trained with these hyperparameters: ") as refusal:
        plan({"models": [MOBILE], **value})
    assert words in str(refusal.value)


def test_compiling_needs_a_type_with_a_gpu_to_run_on() -> None:
    value = {"models": [MOBILE], "hyperparameters": {MOBILE: {"compile": True}}}
    training = {**SPECS["jobs"]["training"], "fallback_instance_types": []}
    for kind, compiles in {"ml.g5.xlarge": True, "ml.c7i.2xlarge": False}.items():
        specs = {**SPECS, "jobs": {**SPECS["jobs"], "training": {**training, "instance_type": kind}}}
        if compiles:
            assert plan(value, specs).models[0].hyperparameters["compile"]
        else:
            with pytest.raises(Refused, match="compile gains speed on a GPU only"):
                plan(value, specs)


def test_a_searched_value_is_not_held_against_the_others() -> None:
    value = {"models": [BREEDS], "instances": 16}
    assert plan(value).models[0].tune, "batch-size is searched; whether each of its values works is seen in its trial"


def test_hyperparameters_that_are_given_are_noted_in_order_and_only_where_searched() -> None:
    given = {"hyperparameters": {BREEDS: {"lr": 0.1, "batch-size": 8, "epochs": 2}}}
    (note,) = plan({"models": [BREEDS], **given}).notes
    assert note.startswith(f"{BREEDS}: ") and "batch-size, lr" in note and "epochs" not in note
    assert plan({"models": [BREEDS], "tune": False, **given}).notes == ()
    only = plan({"models": [BREEDS], "hyperparameters": {BREEDS: {"lr": 0.1}}}).models[0]
    assert list(only.tuning.parameter_ranges) == ["CategoricalParameterRanges"]


def test_a_base_ends_without_a_hyphen_before_its_digits() -> None:
    specs = {**SPECS, "models": {"ten-chars--x": SPECS["models"][CATS]}}
    base = plan({"models": ["ten-chars--x"]}, specs).models[0].base
    assert base.startswith("ten-chars-") and "--" not in base and len(base) == len("ten-chars-1a2b3c")


PRICES = {"ml.m5.2xlarge": 1.0, "ml.g5.xlarge": 10.0, "ml.g4dn.xlarge": 20.0, "ml.c7i.2xlarge": 2.0}


def test_the_bill_has_a_line_per_job_at_the_most_expensive_type() -> None:
    found = plan({"models": [BREEDS], "instances": 2})
    found = replace(found, preparation=replace(found.preparation, instance_count=3))
    search_seconds = 2 * (4 * 3600 + 120)
    assert list(items(found, PRICES)) == [
        Item("preparation", "", "ml.m5.2xlarge", 3, 2.0, 6.0),
        Item("merging", "", "ml.m5.2xlarge", 1, 2.0, 2.0),
        Item("search", BREEDS, "ml.g4dn.xlarge", 1, search_seconds / 3600, search_seconds / 3600 * 20.0),
        Item("training", BREEDS, "ml.g4dn.xlarge", 2, 4.0, 160.0),
        Item("evaluation", BREEDS, "ml.c7i.2xlarge", 1, 2.0, 4.0),
    ]
    assert [item.work for item in items(plan({"models": [MOBILE]}), PRICES)] == [
        "preparation",
        "training",
        "evaluation",
    ]


@pytest.mark.parametrize(("usd", "cents"), [(0.1 + 0.2, 0.3), (1.001, 1.01), (1.0, 1.0), (0, 0)])
def test_cents_are_rounded_up_but_not_by_what_sums_are_off(usd: float, cents: float) -> None:
    assert in_cents(usd) == cents
