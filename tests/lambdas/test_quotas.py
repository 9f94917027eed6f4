"""What a run needs of the account's quotas, and what becomes of a run for which they are too low."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

import config
from lambdas.common.errors import Refused
from lambdas.plan_run import account_quotas
from lambdas.plan_run.environment import Environment
from lambdas.plan_run.fitting import fit, needed
from lambdas.plan_run.plan import Published, draft
from lambdas.plan_run.quotas import (
    PER_JOB,
    TOTALS,
    TRIALS_AT_ONCE,
    Need,
    Quota,
    Quotas,
    endpoint_needs,
    job_needs,
    link,
    quota_name,
    shortages,
)
from lambdas.plan_run.request import parse
from pipeline.specs import run_specs

SPECS = {**run_specs(config.load("dev")), "several_instances": True}
ENVIRONMENT = Environment("data", "artifacts", "eu-west-1", "abc.gz", check_quotas=True)
BREEDS, MOBILE, CATS = "dog-breed-classifier", "dog-breed-classifier-mobile", "cat-dog-classifier"
FIRST, FALLBACK = "ml.g5.xlarge", "ml.g4dn.xlarge"
REGION = "eu-west-1"


def plan(value: dict[str, Any] | None = None, **specs: Any) -> Any:
    made = {**SPECS, **specs}
    return draft(parse(value or {}, "run-1", made), made, Published(), ENVIRONMENT).plan


def spot(first: float, fallback: float = 0.0) -> dict[str, Quota]:
    return {
        quota_name(FIRST, "spot training"): Quota(first, "L-1"),
        quota_name(FALLBACK, "spot training"): Quota(fallback, "L-2"),
    }


def two(models: dict[str, Any] | None = None) -> Any:
    return plan({"models": [MOBILE, CATS], "dataset": "dog-breeds", **(models or {})})


def test_names_are_those_of_service_quotas() -> None:
    assert quota_name("ml.g5.xlarge", "spot training") == "ml.g5.xlarge for spot training job usage"
    assert quota_name("ml.m5.large", "endpoint") == "ml.m5.large for endpoint usage"
    assert TOTALS["endpoint"] == "Number of instances across active endpoints"


def test_a_quota_that_the_service_does_not_list_is_unlimited() -> None:
    assert fit(plan(), {}, REGION) == plan()


def test_enough_of_everything_changes_nothing() -> None:
    enough = dict.fromkeys(needed(plan()), Quota(20.0))
    assert fit(plan(), enough, REGION) == plan()


def test_a_run_needs_to_know_these_quotas() -> None:
    assert needed(plan({"models": [BREEDS]})) == {
        "ml.m5.2xlarge for processing job usage",
        "ml.c7i.2xlarge for processing job usage",
        "ml.g5.xlarge for spot training job usage",
        "ml.g4dn.xlarge for spot training job usage",
        TOTALS["processing"],
        TOTALS["spot training"],
        PER_JOB["processing"],
        TRIALS_AT_ONCE,
    }
    on_demand = needed(plan({"models": [MOBILE]}, spot=False))
    assert {"ml.g5.xlarge for training job usage", TOTALS["training"], PER_JOB["training"]} <= on_demand
    assert not {name for name in on_demand if "spot" in name} and TRIALS_AT_ONCE not in on_demand


def test_a_run_goes_on_with_the_first_type_whose_quota_fits_and_says_so() -> None:
    fitted = fit(plan(), spot(0, 4), REGION)
    for model in fitted.models:
        assert (model.training.instance_type, model.training.fallback_instance_types) == (FALLBACK, ())
        assert (model.trial.instance_type, model.trial.instance_count) == (FALLBACK, 1)
    assert fitted.notes == (f"{FALLBACK} instead of {FIRST}: the account's quota of {FIRST} is too low",)


def test_a_fallback_without_quota_is_not_tried() -> None:
    fitted = fit(plan(), spot(4, 0), REGION)
    assert [model.training.fallback_instance_types for model in fitted.models] == [(), ()]
    assert fitted.notes == ()


def test_a_run_that_no_type_can_do_is_refused_with_quota_value_need_and_link() -> None:
    with pytest.raises(Refused) as refused:
        fit(plan({"models": [MOBILE]}), spot(0, 0), REGION)
    assert str(refused.value) == (
        f"the account's quota 'ml.g5.xlarge for spot training job usage' is 0, and the training of {MOBILE} needs 1: "
        "request 1 at https://eu-west-1.console.aws.amazon.com/servicequotas/home/services/sagemaker/quotas/L-1"
    )
    assert len(str(refused.value)) < 300, "a longer reason is cut"


def test_a_search_needs_all_its_parallel_trials() -> None:
    with pytest.raises(Refused, match=f"is 1, and the search of {BREEDS} needs 2"):
        fit(plan({"models": [BREEDS]}), spot(1, 1), REGION)
    with pytest.raises(Refused, match=r"run in parallel at once' is 1, and the search of .* needs 2"):
        fit(plan({"models": [BREEDS]}), {TRIALS_AT_ONCE: Quota(1)}, REGION)


@pytest.mark.parametrize("kind", ["spot training", "processing"])
def test_the_total_of_all_types_counts_too(kind: str) -> None:
    assert fit(two(), {TOTALS[kind]: Quota(1)}, REGION).max_concurrency == 1
    assert fit(two(), {TOTALS[kind]: Quota(2)}, REGION) == two()
    with pytest.raises(Refused, match=f"'{TOTALS[kind]}' is 0"):
        fit(two(), {TOTALS[kind]: Quota(0)}, REGION)


def test_one_job_may_have_so_many_instances() -> None:
    with pytest.raises(Refused, match="Maximum number of instances per training job' is 3, and the training of"):
        fit(plan({"models": [MOBILE], "instances": 4}, spot=False), {PER_JOB["training"]: Quota(3)}, REGION)
    searching = plan({"models": [BREEDS]}, spot=False)
    assert fit(searching, {PER_JOB["training"]: Quota(1)}, REGION) == searching, "each trial is a job of its own"


@pytest.mark.parametrize(("allowed", "side_by_side"), [(2, 1), (3, 1), (4, 2), (9, 2)])
def test_as_many_models_run_side_by_side_as_the_quota_holds(allowed: int, side_by_side: int) -> None:
    fitted = fit(two({"instances": 2}), spot(allowed), REGION)
    assert fitted.max_concurrency == side_by_side
    assert (fitted.notes == ()) is (side_by_side == 2)
    if side_by_side == 1:
        assert fitted.notes == ("1 instead of 2 models run side by side: the quotas allow no more",)


def test_the_type_that_is_used_limits_what_runs_side_by_side() -> None:
    assert fit(two(), spot(0, 1), REGION).max_concurrency == 1


def test_an_endpoint_needs_both_fleets_of_an_update() -> None:
    needs = endpoint_needs("ml.c7i.large", 2)
    assert [(need.name, need.count) for need in needs] == [
        ("ml.c7i.large for endpoint usage", 4),
        ("Number of instances across active endpoints", 4),
    ]
    [short] = shortages(needs, {"ml.c7i.large for endpoint usage": Quota(2), TOTALS["endpoint"]: Quota(4)})
    assert "is 2, and an update of the endpoint, which runs both fleets for a while, needs 4: " in short.sentence("r")


def test_needs_are_compared_in_their_order() -> None:
    needs = job_needs("ml.m5.large", "processing", 3, "a job")
    quotas: Quotas = {need.name: Quota(2) for need in needs}
    assert [item.need for item in shortages(needs, quotas)] == needs
    assert shortages([Need("unknown", 9, "x")], quotas) == []


def test_the_link_is_that_of_the_partition() -> None:
    assert link("cn-north-1", "L-1").startswith("https://cn-north-1.console.amazonaws.cn/servicequotas/")
    assert link("us-gov-west-1", "").endswith(
        ".console.amazonaws-us-gov.com/servicequotas/home/services/sagemaker/quotas"
    )


class Service:
    """Pages of applied quotas and of defaults; `errors` come first."""

    def __init__(self, applied: list[dict[str, float]], defaults: dict[str, float], errors: list[Exception]) -> None:
        self.applied, self.defaults, self.errors = applied, defaults, errors
        self.asked: list[dict[str, Any]] = []

    def list_service_quotas(self, **request: Any) -> Any:
        self.asked.append(request)
        if self.errors:
            raise self.errors.pop(0)
        at = int(request.get("NextToken", 0))
        more = {"NextToken": str(at + 1)} if at + 1 < len(self.applied) else {}
        return {"Quotas": _rows(self.applied[at]), **more}

    def list_aws_default_service_quotas(self, **request: Any) -> Any:
        self.asked.append(request)
        return {"Quotas": _rows(self.defaults)}


def _rows(values: dict[str, float]) -> list[dict[str, Any]]:
    return [{"QuotaName": name, "QuotaCode": f"L-{name}", "Value": value} for name, value in values.items()]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A service in place of AWS's, and a clock that only pauses move."""
    now = [0.0]
    monkeypatch.setattr(account_quotas.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(account_quotas.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))

    def use(applied: list[dict[str, float]], defaults: dict[str, float] | None = None, *errors: Exception) -> Service:
        service = Service(applied, defaults or {}, list(errors))
        monkeypatch.setattr(account_quotas, "quick_client", {"service-quotas": service}.__getitem__)
        return service

    return use


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "ListServiceQuotas")


def test_pages_of_a_hundred_are_read_until_everything_is_found(account: Any) -> None:
    service = account([{"a": 1.0}, {"b": 2.0}, {"c": 3.0}])
    answer = account_quotas.read({"a", "b"})
    assert answer.found == {"a": Quota(1.0, "L-a"), "b": Quota(2.0, "L-b")} and not answer.note
    assert service.asked == [
        {"ServiceCode": "sagemaker", "MaxResults": 100},
        {"ServiceCode": "sagemaker", "MaxResults": 100, "NextToken": "1"},
    ]


def test_a_default_stands_in_where_the_account_has_no_value_and_nothing_for_what_is_not_listed(account: Any) -> None:
    account([{"a": 1.0}], {"a": 9.0, "b": 2.0})
    answer = account_quotas.read({"a", "b", "c"})
    assert {name: quota.value for name, quota in answer.found.items()} == {"a": 1.0, "b": 2.0} and not answer.note


def test_throttling_is_waited_for(account: Any) -> None:
    throttled = [refused("TooManyRequestsException"), refused("ThrottlingException")]
    service = account([{"a": 1.0}], None, *throttled)
    assert account_quotas.read({"a"}).found["a"].value == 1.0 and len(service.asked) == 3


def test_throttling_that_lasts_is_a_note(account: Any) -> None:
    service = account([{"a": 1.0}], None, *[refused("TooManyRequestsException")] * 100)
    answer = account_quotas.read({"a", "b"})
    assert answer.note == "2 of 2 quotas were not checked: Service Quotas did not list them within 25 seconds"
    assert len(service.asked) <= 26


@pytest.mark.parametrize("error", [refused("AccessDeniedException"), ReadTimeoutError(endpoint_url="x")])
def test_a_refusal_or_a_slow_answer_is_a_note_and_keeps_what_was_found(account: Any, error: Exception) -> None:
    account([{"a": 1.0}], None, error)
    answer = account_quotas.read({"a"})
    assert answer.note.startswith("quotas were not checked: ") and answer.found == {}


def test_what_was_found_before_the_time_was_up_still_counts(account: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    service = account([{"a": 1.0}, {"b": 0.0}])
    listed = service.list_service_quotas

    def slowly(**request: Any) -> Any:
        account_quotas.time.sleep(30)
        return listed(**request)

    monkeypatch.setattr(service, "list_service_quotas", slowly)
    answer = account_quotas.read({"a", "b"})
    assert set(answer.found) == {"a"} and answer.note.startswith("1 of 2 quotas were not checked")


def test_the_trial_keeps_its_own_number_of_instances() -> None:
    fitted = fit(plan({"models": [BREEDS], "instances": 3}), spot(0, 4), REGION)
    [model] = fitted.models
    assert (model.training.instance_count, model.trial.instance_count) == (3, 1)
    assert model == replace(model, training=replace(model.trial, instance_count=3))
