"""Executes one tuning job: starts trials, learns from them, ends with the best."""

from __future__ import annotations

import logging
import math
import time
import uuid

from localcloud.errors import AwsError
from localcloud.sagemaker.jobs.failures import internal_error
from localcloud.sagemaker.jobs.runner import JobRunner
from localcloud.sagemaker.jobs.training.api import TrainingJobs
from localcloud.sagemaker.jobs.training.record import TuningJobReference
from localcloud.sagemaker.jobs.tuning.checks import trial_request
from localcloud.sagemaker.jobs.tuning.early_stopping import is_worse_than_median
from localcloud.sagemaker.jobs.tuning.hyperband import HyperbandSearch, resources
from localcloud.sagemaker.jobs.tuning.ranges import CategoricalRange, parse_ranges
from localcloud.sagemaker.jobs.tuning.record import Trial, TuningJob
from localcloud.sagemaker.jobs.tuning.search import GridSearch, OptunaSearch, Search, count_combinations
from localcloud.sagemaker.jobs.tuning.warm_start import known_points

log = logging.getLogger(__name__)

POLL_SECONDS = 0.02
# The service ends a search whose first trials all fail.
MAX_FAILED_AT_FIRST = 5


class TuningRun:
    """Executes one search. run() always leaves its record in a final status."""

    def __init__(self, runner: JobRunner, training: TrainingJobs, job: TuningJob) -> None:
        self._runner = runner
        self._training = training
        self._job = job
        limits = job.config["ResourceLimits"]
        self._max_trials: float = limits.get("MaxNumberOfTrainingJobs", math.inf)
        self._max_parallel = limits["MaxParallelTrainingJobs"]
        self._deadline = time.monotonic() + limits.get("MaxRuntimeInSeconds", math.inf)
        self._stops_early = job.config.get("TrainingJobEarlyStoppingType") == "Auto"
        self._num_compared: dict[str, int] = {}
        self._running: list[Trial] = []

    def _make_search(self) -> Search:
        config = self._job.config
        ranges = parse_ranges(config["ParameterRanges"])
        strategy, seed = config["Strategy"], config.get("RandomSeed")
        if strategy == "Grid":
            self._max_trials = count_combinations(ranges)
            return GridSearch([parameter for parameter in ranges if isinstance(parameter, CategoricalRange)])
        search: OptunaSearch
        if strategy == "Hyperband":
            static = self._job.request["TrainingJobDefinition"].get("StaticHyperParameters", {})
            search = HyperbandSearch(
                ranges,
                resources=resources(config, static),
                maximize=self._job.maximize,
                seed=seed,
                name=self._job.name,
            )
        else:
            search = OptunaSearch(
                ranges,
                bayesian=strategy == "Bayesian",
                maximize=self._job.maximize,
                seed=seed,
                max_trials=int(min(self._max_trials, 1000)),
            )
        search.start_from(known_points(self._job.parents), identical=self._job.is_identical_warm_start)
        return search

    def run(self) -> None:
        try:
            self._explore()
            self._job.set_status(*self._outcome())
        except AwsError as refused:  # the training API refused a trial
            self._end_trials()
            self._job.set_status("Failed", f"ClientError: {refused.message}")
        except Exception as error:
            log.exception("tuning job %s", self._job.name)
            self._end_trials()
            self._job.set_status("Failed", internal_error(error))

    def _explore(self) -> None:
        search = self._make_search()
        while not self._has_to_end():
            while self._wants_another():
                self._start_trial(search)
            if not self._running:
                return
            time.sleep(POLL_SECONDS)
            self._learn(search)
            self._stop_early(search)
        self._end_trials()

    def _has_to_end(self) -> bool:
        asked = self._job.stop_requested.is_set() or self._runner.closing.is_set()
        return asked or time.monotonic() >= self._deadline or self._fails_from_the_start()

    def _fails_from_the_start(self) -> bool:
        finished = [trial for trial in self._job.trials if trial.job.is_final]
        return len(finished) >= MAX_FAILED_AT_FIRST and all(trial.job.status == "Failed" for trial in finished)

    def _wants_another(self) -> bool:
        return len(self._running) < self._max_parallel and len(self._job.trials) < self._max_trials

    def _start_trial(self, search: Search) -> None:
        suggestion = search.ask()
        name = f"{self._job.name}-{len(self._job.trials) + 1:03d}-{uuid.uuid4().hex[:8]}"
        request = trial_request(self._job.request, name, suggestion.values)
        origin = TuningJobReference(self._job.name, self._job.arn)
        trial = Trial(self._training.create(request, origin), suggestion, self._job.objective["MetricName"])
        self._running.append(trial)
        with self._job.lock:
            self._job.trials.append(trial)

    def _learn(self, search: Search) -> None:
        """Tell the search about the trials that have ended since the last call."""
        for trial in [trial for trial in self._running if trial.job.is_final]:
            self._running.remove(trial)
            search.tell(trial.suggestion, trial.objective)

    def _stop_early(self, search: Search) -> None:
        """Stop the trials that have reported a new value and are not worth continuing."""
        if not self._stops_early and not isinstance(search, HyperbandSearch):
            return
        metric = self._job.objective["MetricName"]
        finished = [trial.job.metric_values(metric) for trial in self._job.trials if trial.job.status == "Completed"]
        for trial in self._running:
            values = trial.job.metric_values(metric)
            if len(values) == self._num_compared.get(trial.job.name, 0):
                continue
            self._num_compared[trial.job.name] = len(values)
            if isinstance(search, HyperbandSearch):
                over = search.is_over(trial.suggestion, values)
            else:
                over = is_worse_than_median(values, finished, maximize=self._job.maximize)
            if over:
                trial.job.request_stop()

    def _end_trials(self) -> None:
        for trial in self._running:
            trial.job.request_stop()
        self._runner.wake()
        for trial in self._running:
            trial.job.done.wait()

    def _outcome(self) -> tuple[str, str | None]:
        """Final status and, for a failure, the service's message."""
        trials = self._job.trials
        if self._fails_from_the_start():
            return "Failed", (
                f"No training job succeeded after {MAX_FAILED_AT_FIRST} attempts. For additional details, please take "
                "a look at the training job failures by listing training jobs for the hyperparameter tuning job."
            )
        if self._job.stop_requested.is_set() or self._runner.closing.is_set() or time.monotonic() >= self._deadline:
            return "Stopped", None
        if all(trial.job.status == "Failed" for trial in trials):
            return "Failed", (
                "All training jobs have failed. Please take a look at the training jobs failures to get more details."
            )
        if self._job.best() is None:
            return "Failed", (
                f"No objective metrics found after running {len(trials)} training jobs. Please ensure that the custom "
                "algorithm is emitting the objective metric as defined by the regular expression provided."
            )
        return "Completed", None
