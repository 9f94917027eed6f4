"""The plan for a request."""

from __future__ import annotations

from typing import Any

import config
from imgcls.contract import hyperparameters
from imgcls.contract.plan_file import PlanFile
from lambdas.plan_run.environment import Environment
from lambdas.plan_run.plan import Published, draft
from lambdas.plan_run.request import parse
from pipeline.specs import run_specs

SPECS = run_specs(config.load("dev"))
ENVIRONMENT = Environment("data", "artifacts", "eu-west-1", "abc.gz", check_quotas=True)
BREEDS, MOBILE, CATS = "dog-breed-classifier", "dog-breed-classifier-mobile", "cat-dog-classifier"


def made(value: dict[str, Any] | None = None, specs: dict[str, Any] = SPECS, **published: Any) -> Any:
    return draft(parse(value or {}, "run-1", specs), specs, Published(**published), ENVIRONMENT)


def model(plan: Any, name: str) -> Any:
    return next(item for item in plan.models if item.name == name)


def test_a_searched_hyperparameter_is_not_static_as_well() -> None:
    tuned = model(made().plan, BREEDS)
    assert tuned.tune and not {"lr", "batch-size"} & set(tuned.hyperparameters)
    assert not model(made().plan, MOBILE).tune


def test_a_given_hyperparameter_is_not_searched_and_the_plan_says_so() -> None:
    plan = made({"hyperparameters": {BREEDS: {"lr": 0.05}}}).plan
    tuned = model(plan, BREEDS)
    assert tuned.hyperparameters["lr"] == "0.05"
    assert "ContinuousParameterRanges" not in tuned.tuning.parameter_ranges
    assert f"{BREEDS}: not searched, because the input gives a value: lr" in plan.notes


def test_nothing_left_to_search_means_no_search() -> None:
    given = {"lr": 0.05, "batch-size": 16}
    assert not model(made({"hyperparameters": {BREEDS: given}}).plan, BREEDS).tune


def test_all_hyperparameters_are_ones_that_training_reads() -> None:
    for item in made({"tune": False}).plan.models:
        ours = {name: value for name, value in item.hyperparameters.items() if not name.startswith("sagemaker_")}
        assert hyperparameters.decode(ours)["model-name"] == item.name


def test_bases_of_job_names_are_short_and_differ_between_runs() -> None:
    first, second = made().plan, draft(parse({}, "run-2", SPECS), SPECS, Published(), ENVIRONMENT).plan
    bases = [plan.base for plan in (first, second)] + [m.base for plan in (first, second) for m in plan.models]
    assert len(set(bases)) == len(bases)
    assert all(len(base) <= 18 for base in bases)


def test_a_data_set_that_is_not_configured_has_its_own_labels() -> None:
    found = made({"models": [CATS], "dataset": "my-cats"})
    assert model(found.plan, CATS).hyperparameters["labels"] == "{}"
    assert found.plan.dataset_uri == "s3://data/datasets/my-cats/"
    assert (found.file.dataset.name, found.file.dataset.layout) == ("my-cats", "auto")
    assert "my-cats is not configured" in found.plan.notes[0]
    known = made({"models": [CATS]})
    assert known.file.models[CATS].labels == {"cats": "cat", "dogs": "dog"}


def test_the_plan_file_can_be_read_back() -> None:
    file = made().file
    assert PlanFile.from_dict(file.to_dict()) == file


def test_training_images_are_as_large_as_the_runs_largest_preprocessing_needs() -> None:
    large = {**SPECS["models"][MOBILE], "preprocessing": {**SPECS["models"][MOBILE]["preprocessing"], "resize": 300}}
    specs = {**SPECS, "models": {**SPECS["models"], MOBILE: large}}
    assert made({"models": [BREEDS]}, specs).file.dataset.max_short_side == 256
    assert made({"models": [BREEDS, MOBILE]}, specs).file.dataset.max_short_side == 300
    assert made({"models": [MOBILE], "dataset": "my-photos"}, specs).file.dataset.max_short_side == 300


def test_a_configured_short_side_and_packing_win() -> None:
    configured = {**SPECS["datasets"]["dog-breeds"], "max_short_side": 128, "packing": "raw", "jpeg_quality": 80}
    specs = {**SPECS, "datasets": {**SPECS["datasets"], "dog-breeds": configured}}
    dataset = made({"models": [BREEDS]}, specs).file.dataset
    assert (dataset.max_short_side, dataset.packing, dataset.jpeg_quality) == (128, "raw", 80)


def test_no_more_models_side_by_side_than_there_are() -> None:
    assert made({"models": [MOBILE]}).plan.max_concurrency == 1
