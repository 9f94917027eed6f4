"""Runs the state machine with scripted tasks: real plan, real diagnosis, real paths; only the services are played."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import config
from config.app import AppConfig
from imgcls.contract import keys
from imgcls.contract.prepared import EvaluateMessage, PrepareMessage
from imgcls.contract.run_plan import ModelPlan, RunPlan
from lambdas.diagnose_failure.cause import read
from lambdas.diagnose_failure.decision import decide
from lambdas.plan_run import plan, request
from lambdas.plan_run.environment import Environment
from localcloud.stepfunctions.asl.errors import StatesError
from localcloud.stepfunctions.asl.history import History
from localcloud.stepfunctions.asl.interpreter import Interpreter
from localcloud.stepfunctions.asl.line import Cancellation, Line
from pipeline import placeholders, state_machine
from pipeline.placeholders import Placeholder
from pipeline.specs import run_specs
from pipeline.tasks import GET_OBJECT, LAMBDA, PROCESSING_JOB, PUBLISH, TRAINING_JOB, TUNING_JOB

EXECUTION = "20261120-first"
ENVIRONMENT = Environment("data-bucket", "artifacts-bucket", "us-east-1", "0a1b.gz", check_quotas=False)
ACCOUNT = "arn:aws:{}:us-east-1:123456789012:{}"
VALUES = {
    **{item.value: ACCOUNT.format("lambda", f"function:{item.value.removesuffix('Arn')}") for item in Placeholder},
    **{item.value: f"arn:aws:iam::123456789012:role/{item.value}" for item in Placeholder if "Role" in item.value},
    "ArtifactsBucket": "artifacts-bucket",
    "KeyArn": ACCOUNT.format("kms", "key/0f0e0d0c-0b0a-0908-0706-050403020100"),
    "TopicArn": ACCOUNT.format("sns", "topic"),
    "CodeBucket": "assets-bucket",
    "CodeKey": "0a1b.gz",
    "TrainingImage": "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch:2.13-cpu",
    "JobsImage": "123456789012.dkr.ecr.us-east-1.amazonaws.com/jobs:1",
    "SecurityGroupId": "sg-0123456789abcdef0",
    "Subnet1": "subnet-0123456789abcdef1",
    "Subnet2": "subnet-0123456789abcdef2",
}
"""What a deploy puts in the place of the placeholders."""

JOB_NAMES = {
    TRAINING_JOB: "TrainingJobName",
    PROCESSING_JOB: "ProcessingJobName",
    TUNING_JOB: "HyperParameterTuningJobName",
}

Answer = Any
"""What a task answers: a value, a StatesError to raise, a function of the call's parameters, None for as usual."""


def describe(resource: str, parameters: Mapping[str, Any], **values: Any) -> dict[str, Any]:
    """A Describe document, as a job's end hands it over."""
    name = JOB_NAMES[resource]
    return {**parameters, name.replace("Name", "Status"): "Completed", **values}


def failed_job(state: str, **values: Any) -> Callable[[Mapping[str, Any]], StatesError]:
    """States.TaskFailed with a job's Describe document as its cause."""
    resource = {"TuneModel": TUNING_JOB, "TrainModel": TRAINING_JOB}.get(state, PROCESSING_JOB)
    status = JOB_NAMES[resource].replace("Name", "Status")

    def answer(parameters: Mapping[str, Any]) -> StatesError:
        document = describe(resource, parameters, **{status: "Failed", **values})
        return StatesError("States.TaskFailed", json.dumps(document))

    return answer


@dataclass
class Outcome:
    """How a run ended: its output or its error, each call by state, and the size of each state's output."""

    output: Any = None
    error: StatesError | None = None
    calls: Mapping[str, list[Any]] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)
    output_bytes: Mapping[str, int] = field(default_factory=dict)

    @property
    def entered(self) -> set[str]:
        return set(self.output_bytes)

    @property
    def outcomes(self) -> dict[str, Any]:
        return {item["model"]: item for item in (self.output or {}).get("outcomes", [])}

    @property
    def failures(self) -> list[dict[str, Any]]:
        assert self.error is not None and self.error.error == "PipelineFailed"
        return json.loads(self.error.cause)

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(call["Message"]) for call in self.calls["Notify"]]


class Runner:
    """One state machine with its services. `script[state]` is a list of answers: the last one is repeated."""

    def __init__(self, settings: AppConfig | None = None, specs: Mapping[str, Any] | None = None) -> None:
        self.config = settings or config.load("dev")
        self.definition = placeholders.substitute(state_machine(self.config), VALUES)
        self.specs = specs or run_specs(self.config)
        self.script: dict[str, list[Answer]] = {}
        self.plan: RunPlan | None = None
        self._calls: dict[str, list[Any]] = defaultdict(list)
        self._lock = threading.Lock()

    def run(self, value: Any = None, execution: str = EXECUTION) -> Outcome:
        value = {} if value is None else value
        history, waits = History(), []
        line = Line(history, Cancellation(), _context(execution, value))
        found = Outcome(calls=self._calls, waits=waits)
        with _no_sleep(waits):
            try:
                found.output = Interpreter(self).run(self.definition, value, line)
            except StatesError as error:
                found.error = error
        found.output_bytes = _sizes(history)
        return found

    # What the interpreter asks of its tasks.
    region = "us-east-1"

    def find(self, resource: str) -> _Task:
        return _Task(self, resource)

    def token(self) -> Any:
        raise AssertionError("no state waits for a token")

    def answer(self, resource: str, parameters: Mapping[str, Any]) -> Any:
        state = state_of(resource, parameters)
        with self._lock:
            number = len(self._calls[state])
            self._calls[state].append(parameters)
        answers = self.script.get(state, [None])
        value = answers[min(number, len(answers) - 1)]
        if callable(value):
            value = value(parameters)
        if value is None:
            value = self._default(state, resource, parameters)
        if isinstance(value, StatesError):
            raise value
        return value

    def _default(self, state: str, resource: str, parameters: Mapping[str, Any]) -> Any:
        if resource == LAMBDA:
            return {"Payload": _invoke(getattr(self, f"_{state}"), parameters["Payload"])}
        if resource == GET_OBJECT:
            plans = {keys.model_plan(self.plan.execution, model.name): model for model in self.plan.models}
            return {"Body": json.dumps(asdict(plans[parameters["Key"]]))}
        if resource == PUBLISH:
            return {"MessageId": "1"}
        return getattr(self, f"_{state}")(parameters)

    def _PlanRun(self, payload: Mapping[str, Any]) -> Any:
        wanted = request.parse(payload["input"], payload["execution"], self.specs)
        self.plan = plan.draft(wanted, self.specs, {}, ENVIRONMENT).plan
        return self.plan.to_answer()

    def _PrepareDataset(self, parameters: Mapping[str, Any]) -> Any:
        message = PrepareMessage("0123456789abcdef", 133, 6680, 835, 836, 1)
        return describe(PROCESSING_JOB, parameters, ExitMessage=message.encode())

    def _TuneModel(self, parameters: Mapping[str, Any]) -> Any:
        best = {"TrainingJobName": "trial-003", "TunedHyperParameters": {"lr": "0.02", "batch-size": '"32"'}}
        return describe(TUNING_JOB, parameters, BestTrainingJob=best)

    def _TrainModel(self, parameters: Mapping[str, Any]) -> Any:
        name, output = parameters["TrainingJobName"], parameters["OutputDataConfig"]["S3OutputPath"]
        artifact = f"{output}{name}/output/model.tar.gz"
        return describe(TRAINING_JOB, parameters, ModelArtifacts={"S3ModelArtifacts": artifact})

    def _EvaluateModel(self, parameters: Mapping[str, Any]) -> Any:
        message = EvaluateMessage("20261120T132415Z-1a2b3c4d", 0.91, -1, 836)
        return describe(PROCESSING_JOB, parameters, ExitMessage=message.encode())

    def _DiagnoseFailure(self, payload: Mapping[str, Any]) -> Any:
        return asdict(decide(payload["state"], read(payload["error"]), payload["recovery"], max_attempts=3))

    def _QualityGate(self, payload: Mapping[str, Any]) -> Any:
        return {"passed": True, "reasons": [], "reason": "good", "accuracy": 0.91, "champion_accuracy": None}

    def _RegisterModel(self, payload: Mapping[str, Any]) -> Any:
        return {"package_arn": "arn:aws:sagemaker:us-east-1:123456789012:model-package/group/1"}

    def _StageArtifact(self, payload: Mapping[str, Any]) -> Any:
        return {"target_model": keys.target_model(payload["model"], payload["version"]), "sha256": "", "copied": True}

    def _SmokeTest(self, payload: Mapping[str, Any]) -> Any:
        return {"tested": 8, "note": "8 golden images answered as evaluated"}

    def _RefreshFleet(self, payload: Mapping[str, Any]) -> Any:
        return {"refresh": False, "rollout": payload["rollout"], "note": "the fleet is new"}

    def _PublishModel(self, payload: Mapping[str, Any]) -> Any:
        return {"refresh": False, "rollout": {"config": "", "replaces": "", "polls": 0}, "note": "published"}


@dataclass(frozen=True)
class _Task:
    """A task whose answer is there at once."""

    runner: Runner
    full_resource: str
    resource_type: str = "test"
    resource: str = "test"
    waits: str = ""

    def check(self, parameters: Any) -> None:
        pass

    def start(self, parameters: Any) -> Any:
        return self.runner.answer(self.full_resource, parameters)

    def poll(self, answer: Any, parameters: Any) -> tuple[Any] | None:
        raise AssertionError("this task has no job to wait for")

    def stop(self, answer: Any, parameters: Any) -> None:
        raise AssertionError("this task has no job to stop")


def state_of(resource: str, parameters: Mapping[str, Any]) -> str:
    """Which state made a call. The two diagnoses count as one, as do the two uses of PublishModel."""
    if resource == LAMBDA:
        name = parameters["FunctionName"].rpartition(":")[2]
        return "RefreshFleet" if parameters["Payload"].get("action") == "refresh" else name
    if resource == PROCESSING_JOB:
        script = parameters["AppSpecification"]["ContainerEntrypoint"][-1]
        return {"prepare.py": "PrepareDataset", "evaluate.py": "EvaluateModel"}[script]
    simple = {TRAINING_JOB: "TrainModel", TUNING_JOB: "TuneModel", GET_OBJECT: "LoadModelPlan", PUBLISH: "Notify"}
    return simple[resource]


def _invoke(function: Callable[[Any], Any], payload: Any) -> Any:
    """What Step Functions gets of a function: its answer, or its error as Lambda reports it."""
    try:
        return function(payload)
    except Exception as error:
        name = type(error).__name__
        document = {"errorMessage": str(error), "errorType": name, "stackTrace": ["..."]}
        raise StatesError(name, json.dumps(document)) from error


def many_models(settings: AppConfig, count: int) -> dict[str, Any]:
    """Specs with `count` copies of the configuration's largest model, as default of a run."""
    specs = run_specs(settings)
    largest = max(specs["models"].values(), key=lambda model: len(json.dumps(model)))
    names = [f"dog-breed-classifier-number-{number:02d}" for number in range(count)]
    return {**specs, "models": dict.fromkeys(names, largest), "defaults": {"models": names, "tune": True}}


def example_model_plan(settings: AppConfig) -> ModelPlan:
    wanted = request.parse({}, EXECUTION, run_specs(settings))
    return plan.draft(wanted, run_specs(settings), {}, ENVIRONMENT).plan.models[0]


def _context(execution: str, value: Any) -> dict[str, Any]:
    machine = "arn:aws:states:us-east-1:123456789012:stateMachine:kennel"
    return {
        "Execution": {
            "Id": f"{machine.replace('stateMachine', 'execution')}:{execution}",
            "Name": execution,
            "StartTime": "2026-11-20T13:24:15.123Z",
            "Input": value,
        },
        "StateMachine": {"Id": machine, "Name": "kennel"},
    }


def _sizes(history: History) -> dict[str, int]:
    """Largest output of each state, in bytes."""
    sizes: dict[str, int] = defaultdict(int)
    for event in history.events():
        details = event.get("stateExitedEventDetails")
        if details:
            sizes[details["name"]] = max(sizes[details["name"]], len(details["output"].encode()))
    return sizes


class _no_sleep:
    """Wait states and retries take no time; how long they would have waited is kept."""

    def __init__(self, waits: list[float]) -> None:
        self._waits = waits

    def __enter__(self) -> None:
        self._original = Cancellation.wait
        waits = self._waits

        def wait(self: Cancellation, seconds: float) -> None:
            waits.append(seconds)
            self.check()

        Cancellation.wait = wait  # type: ignore[method-assign]

    def __exit__(self, *_: object) -> None:
        Cancellation.wait = self._original  # type: ignore[method-assign]
