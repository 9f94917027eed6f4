"""The worst case of a run is priced."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import config
from lambdas.common.errors import Refused
from lambdas.plan_run.environment import Environment
from lambdas.plan_run.fitting import fit
from lambdas.plan_run.plan import Published, draft
from lambdas.plan_run.price import check_budget, in_cents, worst_case_usd
from lambdas.plan_run.quotas import Quota, quota_name
from lambdas.plan_run.request import parse
from pipeline.specs import run_specs

SPECS = {**run_specs(config.load("dev")), "several_instances": True}
ENVIRONMENT = Environment("data", "artifacts", "eu-west-1", "abc.gz", check_quotas=True)
MOBILE = "dog-breed-classifier-mobile"
TYPES = ("ml.g5.xlarge", "ml.g4dn.xlarge")
PRICES = {"ml.m5.2xlarge": 1.0, "ml.g5.xlarge": 10.0, "ml.g4dn.xlarge": 20.0, "ml.c7i.2xlarge": 2.0}


def plan(value: dict[str, Any] | None = None) -> Any:
    return draft(parse(value or {}, "run-1", SPECS), SPECS, Published(), ENVIRONMENT).plan


def test_the_most_expensive_type_and_the_maximum_time_are_counted() -> None:
    # Two hours of preparation, four of training on the fallback type, two of evaluation.
    assert worst_case_usd(plan({"models": [MOBILE]}), PRICES) == 2 * 1.0 + 4 * 20.0 + 2 * 2.0


def test_a_search_costs_its_trials_or_its_time_whichever_is_less() -> None:
    tuned = plan({"models": ["dog-breed-classifier"]})
    rest = 2 * 1.0 + 4 * 20.0 + 2 * 2.0
    search = tuned.models[0].tuning
    # The trials that run when the time is up have two minutes to end.
    seconds = search.max_parallel_jobs * (search.max_runtime_seconds + 120)
    assert worst_case_usd(tuned, PRICES) == in_cents(rest + 20.0 * seconds / 3600)
    short = replace(tuned.models[0], tuning=replace(search, max_jobs=1))
    assert worst_case_usd(replace(tuned, models=(short,)), PRICES) == rest + 4 * 20.0


def test_every_instance_of_the_final_training_is_priced_and_needs_quota() -> None:
    four = plan({"models": [MOBILE], "instances": 4})
    assert worst_case_usd(four, PRICES) == 2 * 1.0 + 4 * 4 * 20.0 + 2 * 2.0
    with pytest.raises(Refused, match=f"is 3, and the training of {MOBILE} needs 4"):
        fit(four, dict.fromkeys((quota_name(name, "spot training") for name in TYPES), Quota(3)), "eu-west-1")


def test_cents_are_rounded_up() -> None:
    assert worst_case_usd(plan({"models": [MOBILE]}), dict.fromkeys(PRICES, 1 / 3)) == 2.67


def test_a_type_without_a_price_is_refused() -> None:
    with pytest.raises(Refused, match=r"the price of ml.m5.2xlarge is not known"):
        worst_case_usd(plan(), {})


def test_a_budget_is_a_limit() -> None:
    check_budget(100.0, 100.0)
    with pytest.raises(Refused, match=r"up to \$100.01, above the budget of \$100.00"):
        check_budget(100.01, 100.0)
