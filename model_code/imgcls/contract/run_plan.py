"""PlanRun's answer: the one document that every later state of an execution reads from.

It has names, values, ranges, S3 URIs and instance types only. Keys, roles, networks and images are literals of the
state machine. The full specs (label tables, preprocessing) go to `plan.json` in the artifacts bucket, because a
state's output must stay small and a processing job's environment value is limited to 256 characters.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from imgcls.contract import keys

MAX_MODELS = 40
MAX_BASE_CHARS = 18
MAX_RECOVERIES = 3
"""How often one model, or the preparation, may be tried again."""
MAX_FLEET_LOOKS = 300
"""At a minute between two of them, longer than any replacement of the endpoint's instances may take."""
PLAN_FILE = "plan.json"


@dataclass(frozen=True)
class JobSize:
    """`fallback_instance_types` are tried in order when the first has no capacity."""

    instance_type: str
    instance_count: int
    volume_gb: int
    max_runtime_seconds: int
    fallback_instance_types: tuple[str, ...] = ()


@dataclass(frozen=True)
class TuningPlan:
    """`parameter_ranges` is the ParameterRanges structure of CreateHyperParameterTuningJob.

    `parents` are its ParentHyperParameterTuningJobs; `min_resource` and `max_resource` are Hyperband's, in epochs.
    """

    strategy: str
    objective: str
    goal: str
    max_jobs: int
    max_parallel_jobs: int
    max_runtime_seconds: int
    early_stopping: str
    seed: int
    parameter_ranges: dict[str, list[dict[str, Any]]]
    warm_start: bool = False
    parents: tuple[dict[str, str], ...] = ()
    min_resource: int = 1
    max_resource: int = 1


@dataclass(frozen=True)
class Trained:
    """A model that is trained already, by a `job` that may have run elsewhere.

    Where the job left no records, `records` is the artifact's URI again: an input of the evaluation job must contain
    an object.
    """

    job: str
    artifact: str
    records: str


@dataclass(frozen=True)
class ModelPlan:
    """One model of the run. `hyperparameters` are the static ones, all strings, ready for CreateTrainingJob.

    `tune` and `pretrained` steer Choice states. `trial` is one job of the search. URIs of prefixes end in a slash. With
    `trained` the model goes straight to its evaluation.
    """

    name: str
    base: str
    tune: bool
    pretrained: bool
    architecture: str
    hyperparameters: dict[str, str]
    tuning: TuningPlan
    training: JobSize
    trial: JobSize
    evaluation: JobSize
    weights_uri: str
    output_uri: str
    checkpoints_uri: str
    trials_uri: str
    hyperparameters_key: str
    run_uri: str
    package_group: str
    trained: Trained | None = None


@dataclass(frozen=True)
class Polling:
    """How the state machine waits for a job that it polls: `first_seconds`, then `step_seconds` longer every time."""

    first_seconds: int = 30
    step_seconds: int = 1


@dataclass(frozen=True)
class ModelReference:
    """A model in PlanRun's answer. Its ModelPlan is at `plan_key` in the artifacts bucket."""

    name: str
    run_uri: str
    plan_key: str

    @classmethod
    def of(cls, execution: str, model: ModelPlan) -> ModelReference:
        return cls(model.name, model.run_uri, keys.model_plan(execution, model.name))


@dataclass(frozen=True)
class RunPlan:
    """The whole run. `plan_uri` is the prefix of `plan.json`. PlanRun answers with `to_answer()`.

    With `publish_staged` or `promote` nothing is prepared or trained: its models are versions that wait for the
    endpoint, or one that comes from another environment, without a ModelPlan.
    """

    execution: str
    dataset: str
    dataset_uri: str
    prepared_uri: str
    plan_uri: str
    parts_uri: str
    base: str
    preparation: JobSize
    models: tuple[ModelPlan, ...]
    max_concurrency: int
    worst_case_usd: float
    spot: bool = False
    polling: Polling = Polling()
    publish_staged: bool = False
    promote: bool = False
    notes: tuple[str, ...] = field(default_factory=tuple)

    def to_dict(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return value

    def to_answer(self) -> dict[str, Any]:
        """The plan with a reference for each model: forty tuned models would make a state of 98 KB."""
        references = [asdict(ModelReference.of(self.execution, model)) for model in self.models]
        return {**self.to_dict(), "models": references}
