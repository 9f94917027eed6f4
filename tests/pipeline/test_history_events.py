"""The history's limit of 25,000 events: what is counted from the definition, against what runs here leave."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import pytest

import config
from config.app import AppConfig
from imgcls.contract.run_plan import MAX_BASE_CHARS, MAX_MODELS, MAX_RECOVERIES, Polling
from lambdas.plan_run import polling
from lambdas.plan_run.plan import Published, draft
from lambdas.plan_run.request import parse
from localcloud.stepfunctions.asl.history import MAX_EVENTS
from pipeline import history_events, state_machine
from pipeline.specs import run_specs
from tests.pipeline.harness import Outcome, Runner
from tests.pipeline.services import ENVIRONMENT, Services
from tests.pipeline.variants import HYPERBAND, TUNED, variant


def many(settings: AppConfig, count: int) -> dict[str, Any]:
    """Specs of `count` models that are tuned with Hyperband."""
    specs = run_specs(settings)
    names = [f"dog-breed-classifier-number-{number:02d}" for number in range(count)]
    return {
        **specs,
        "models": dict.fromkeys(names, specs["models"][TUNED]),
        "defaults": {"models": names, "tune": True},
    }


def planned(specs: Mapping[str, Any]) -> Any:
    return polling.paced(draft(parse({}, "run-1", specs), specs, Published(), ENVIRONMENT).plan, specs)


def counted(found: Outcome, definition: Mapping[str, Any]) -> int:
    """Events by the table of history_events, from the states that were entered."""
    kinds: dict[str, str] = {}
    for flow in (definition, definition["States"]["TrainModels"]["ItemProcessor"]):
        kinds |= {name: history_events._kind(state) for name, state in flow["States"].items()}
    names = [str((event.details or {})["name"]) for event in found.events if event.type.endswith("StateEntered")]
    iterations = len([event for event in found.events if event.type == "MapIterationStarted"])
    return sum(history_events.EVENTS[kinds[name]] for name in names) + history_events.ITERATION * iterations


def test_both_know_the_same_limit() -> None:
    assert history_events.MAX_EVENTS == MAX_EVENTS == 25_000


@pytest.mark.parametrize("environment", ["local", "dev", "prod"])
def test_a_run_leaves_the_events_that_are_counted(environment: str) -> None:
    runner = Runner(config.load(environment))
    found = runner.run({"models": [TUNED, "cat-dog-classifier"], "dataset": "dog-breeds"})
    assert found.error is None
    assert counted(found, runner.definition) == len(found.events)
    most = history_events.count(runner.definition)
    assert len(found.events) < most.run + 2 * most.model + 4 * most.round


@pytest.mark.parametrize("environment", ["local", "dev", "prod"])
@pytest.mark.parametrize("count", [1, 2, 5, 10, 20, MAX_MODELS])
def test_the_worst_case_stays_within_the_budget(environment: str, count: int) -> None:
    specs = many(variant(environment, tuning=HYPERBAND), count)
    plan = planned(specs)
    assert all(model.tuning.strategy == "Hyperband" for model in plan.models)
    assert polling.worst_case_events(plan, specs) <= history_events.BUDGET
    assert plan.polling.first_seconds >= specs["poll_seconds"]


class Clockwork(Services):
    """Every search fails as often as it may be tried again, each time at the end of its share of the run's time."""

    seconds = 0.0

    def __init__(self, specs: Mapping[str, Any]) -> None:
        super().__init__(specs)
        self.tries: dict[str, int] = defaultdict(int)
        self.waited: dict[str, float] = {}
        self.grown: dict[str, float] = {}

    def _sdk_call(self, state: str, resource: str, parameters: Mapping[str, Any]) -> Any:
        answer = super()._sdk_call(state, resource, parameters)
        assert self.plan is not None
        name, field = parameters["HyperParameterTuningJobName"], "HyperParameterTuningJobStatus"
        model = name[:MAX_BASE_CHARS]
        if state == "TuneModelHyperband":
            self.tries[model] += 1
            self.waited[model] = self.grown[model] = 0.0
            return answer
        self.waited[model] += self.plan.polling.first_seconds + self.grown[model]
        self.grown[model] += self.plan.polling.step_seconds
        if self.waited[model] < self.seconds:
            return {**answer, field: "InProgress"}
        if self.tries[model] <= MAX_RECOVERIES:
            return {"HyperParameterTuningJobName": name, field: "Failed", "FailureReason": "InternalServerError"}
        return self.TuneModel(parameters) | {"HyperParameterTuningJobName": name}


def test_forty_failing_models_leave_what_the_figure_says() -> None:
    settings = variant("prod", tuning=HYPERBAND)
    specs = many(settings, MAX_MODELS)
    runner = Runner(settings, specs)
    services = runner.services = Clockwork(specs)
    jobs = MAX_MODELS * (MAX_RECOVERIES + 1)
    services.seconds = specs["max_concurrency"] * specs["execution_timeout_seconds"] / jobs
    found = runner.run()
    assert found.error is None and len(found.outcomes) == MAX_MODELS
    assert len(found.calls["TuneModelHyperband"]) == jobs
    plan = planned(specs)
    figure = polling.worst_case_events(plan, specs)
    assert 0.75 * figure < len(found.events) <= figure <= history_events.BUDGET
    assert any("minutes late" in note for note in plan.notes)
    calls = len([event for event in found.events if event.type in ("TaskScheduled", "TaskSubmitted")])
    assert history_events.BUDGET + 3 * calls < MAX_EVENTS, "each call may be throttled once"


class Steady(Clockwork):
    """Every search succeeds, after all the time that it may take."""

    def _sdk_call(self, state: str, resource: str, parameters: Mapping[str, Any]) -> Any:
        self.tries[parameters["HyperParameterTuningJobName"][:MAX_BASE_CHARS]] = MAX_RECOVERIES + 1
        return super()._sdk_call(state, resource, parameters)


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_forty_searches_without_a_failure_stay_below_half_of_the_limit(environment: str) -> None:
    settings = variant(environment, tuning=HYPERBAND)
    specs = many(settings, MAX_MODELS)
    runner = Runner(settings, specs)
    services = runner.services = Steady(specs)
    services.seconds = max(model.tuning.max_runtime_seconds for model in planned(specs).models)
    found = runner.run()
    assert found.error is None and len(found.calls["TuneModelHyperband"]) == MAX_MODELS
    assert MAX_EVENTS / 4 < len(found.events) < MAX_EVENTS / 2


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_forty_searches_are_looked_at_within_a_quarter_of_an_hour(environment: str) -> None:
    plan = planned(many(variant(environment, tuning=HYPERBAND), MAX_MODELS))
    assert plan.polling.first_seconds < 15 * 60 and plan.polling.step_seconds <= polling.MAX_STEP_SECONDS


def test_few_models_are_looked_at_soon() -> None:
    specs = many(variant("dev", tuning=HYPERBAND), 1)
    assert planned(specs).polling == Polling(30, 1) and not planned(specs).notes


def test_a_loop_that_nobody_bounded_is_refused() -> None:
    definition = state_machine(config.load("dev"))
    definition["States"]["SummarizeRun"]["Next"] = "TrainModels"
    with pytest.raises(ValueError, match=r"TrainModels is in a loop of states that history_events.py does not know"):
        history_events.count(definition)
