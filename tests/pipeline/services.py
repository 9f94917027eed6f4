"""The services of a scripted run: real planning and diagnosis; jobs and other functions always succeed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from imgcls.contract import keys
from imgcls.contract.failures import causes
from imgcls.contract.prepared import EvaluateMessage, PrepareMessage
from imgcls.contract.promotion import Promotion
from imgcls.contract.run_plan import ModelReference, RunPlan
from imgcls.contract.staged import Staged
from lambdas.diagnose_failure.decision import decide
from lambdas.plan_run import plan, polling, promoted, request, staged
from lambdas.plan_run.environment import Environment
from localcloud.stepfunctions.asl.errors import StatesError
from pipeline.placeholders import Placeholder
from pipeline.tasks import (
    GET_OBJECT,
    LAMBDA,
    PROCESSING_JOB,
    PUBLISH,
    PUT_OBJECT,
    SDK_SAGEMAKER,
    TRAINING_JOB,
)

ENVIRONMENT = Environment("data-bucket", "artifacts-bucket", "us-east-1", "0a1b.gz", check_quotas=False)
VERSION = "20261120T132415Z-1a2b3c4d"
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
"""The values of the placeholders after a deployment."""

SIMPLE = {
    TRAINING_JOB: "TrainModel",
    GET_OBJECT: "LoadModelPlan",
    PUT_OBJECT: "SaveHyperparameters",
    PUBLISH: "Notify",
}
CREATE_SEARCH = f"{SDK_SAGEMAKER}createHyperParameterTuningJob"
JOB_NAMES = {
    TRAINING_JOB: "TrainingJobName",
    PROCESSING_JOB: "ProcessingJobName",
    CREATE_SEARCH: "HyperParameterTuningJobName",
}


def state_of(resource: str, parameters: Mapping[str, Any]) -> str:
    """The state that made a call. The two diagnosis states count as one."""
    if resource == LAMBDA:
        name = parameters["FunctionName"].rpartition(":")[2]
        if name == "PublishModel":
            actions = {
                "champion": "FindChampion",
                "stage": "RecordStaged",
                "publish": "PublishModel",
                "refresh": "RefreshFleet",
            }
            return actions[parameters["Payload"]["action"]]
        if name == "EmitFindings" and "error" in parameters["Payload"]:
            return "EmitFindingsOfFailure"
        if name == "RegisterModel" and "approved" in parameters["Payload"]:
            if "if_pending" in parameters["Payload"]:
                return "RejectReplaced"
            return "ApproveModel" if parameters["Payload"]["approved"] else "RejectModel"
        if name == "RegisterModel" and not parameters["Payload"]["gate"]["passed"]:
            return "RegisterRejected"
        return str(name)
    if resource == PROCESSING_JOB:
        script = parameters["AppSpecification"]["ContainerEntrypoint"][-1]
        if "--parts" in parameters["AppSpecification"]["ContainerArguments"]:
            return "MergeManifest"
        return {"prepare.py": "PrepareDataset", "evaluate.py": "EvaluateModel"}[script]
    if resource == CREATE_SEARCH:
        if parameters["HyperParameterTuningJobConfig"]["Strategy"] == "Hyperband":
            return "TuneModelHyperband"
        return "TuneModelWarm" if "WarmStartConfig" in parameters else "TuneModel"
    if resource.startswith(SDK_SAGEMAKER):
        return _state_of_sdk_call(resource.removeprefix(SDK_SAGEMAKER))
    return SIMPLE[resource]


def _state_of_sdk_call(operation: str) -> str:
    """`TuneModelDescribe`, `TrainModelStop`; `ListProcessingJobs` and the like for a job that was left behind."""
    found = re.fullmatch("([a-z]+)(.*)", operation)
    assert found
    verb, noun = found.groups()
    job = {"TrainingJob": "TrainModel", "HyperParameterTuningJob": "TuneModel"}.get(noun)
    if verb == "list" or job is None:
        return f"{verb.capitalize()}{noun}"
    return job if verb == "create" else f"{job}{verb.capitalize()}"


def describe(resource: str, parameters: Mapping[str, Any], **values: Any) -> dict[str, Any]:
    """The Describe document of a completed job."""
    name = JOB_NAMES[resource]
    return {**parameters, name.replace("Name", "Status"): "Completed", **values}


def failed_job(state: str, **values: Any) -> Callable[[Mapping[str, Any]], StatesError]:
    """States.TaskFailed with a job's Describe document as its cause."""
    searches = dict.fromkeys(("TuneModel", "TuneModelWarm", "TuneModelHyperband"), CREATE_SEARCH)
    resource = {**searches, "TrainModel": TRAINING_JOB}.get(state, PROCESSING_JOB)
    status = JOB_NAMES[resource].replace("Name", "Status")

    def answer(parameters: Mapping[str, Any]) -> StatesError:
        document = describe(resource, parameters, **{status: "Failed", **values})
        return StatesError("States.TaskFailed", json.dumps(document))

    return answer


def failed_function(error: Exception) -> StatesError:
    """The error that Step Functions sees when a function raises."""
    name = type(error).__name__
    document = {"errorMessage": str(error), "errorType": name, "stackTrace": ["..."]}
    return StatesError(name, json.dumps(document))


class Services:
    """One method per state: takes the parameters of its call, or a function's payload, and returns the answer."""

    def __init__(self, specs: Mapping[str, Any]) -> None:
        self._specs = specs
        self.plan: RunPlan | None = None
        self._jobs: dict[str, list[Any]] = {}
        self.published = plan.Published()
        self.staged: dict[str, Staged] = {}
        """By model; what a run with `publish_staged` finds."""
        self.promotion: Promotion | None = None
        """What a run with `promote` finds."""

    def answer(self, state: str, resource: str, parameters: Mapping[str, Any]) -> Any:
        """Raises StatesError as Step Functions would see it."""
        if resource.startswith(SDK_SAGEMAKER):
            return self._sdk_call(state, resource, parameters)
        method = getattr(self, state)
        if resource != LAMBDA:
            return method(parameters)
        try:
            return {"Payload": method(parameters["Payload"])}
        except Exception as error:
            raise failed_function(error) from error

    def _sdk_call(self, state: str, resource: str, parameters: Mapping[str, Any]) -> Any:
        """A polled job: created, InProgress for two descriptions, then at its end."""
        operation = resource.removeprefix(SDK_SAGEMAKER)
        noun = re.sub("^[a-z]+", "", operation)
        if operation.startswith("list"):
            noun = noun.removesuffix("s")
            return {f"{noun}Summaries": [{f"{noun}Name": f"{parameters['NameContains']}-left"}]}
        name = parameters[f"{noun}Name"]
        if operation.startswith("create"):
            self._jobs[name] = [{**parameters, f"{noun}Status": "InProgress"}] * 2 + [getattr(self, state)(parameters)]
            return {f"{noun}Arn": ACCOUNT.format("sagemaker", f"some-job/{name}")}
        if operation.startswith("stop"):
            return {}
        return self._jobs[name].pop(0) if len(self._jobs[name]) > 1 else self._jobs[name][0]

    def PlanRun(self, payload: Mapping[str, Any]) -> Any:
        if staged.is_asked_for(payload["input"]):
            return self._plan_staged(payload["execution"])
        if promoted.is_asked_for(payload["input"]):
            return self._plan_promoted(payload["execution"])
        wanted = request.parse(payload["input"], payload["execution"], self._specs)
        drafted = plan.draft(wanted, self._specs, self.published, ENVIRONMENT).plan
        self.plan = polling.paced(drafted, self._specs)
        return self.plan.to_answer()

    def _plan_staged(self, execution: str) -> Any:
        self.plan = None
        return staged.answer(execution, [self.staged[name] for name in sorted(self.staged)], max_concurrency=4)

    def _plan_promoted(self, execution: str) -> Any:
        assert self.promotion
        self.plan, model = None, self.promotion.model
        reference = ModelReference(model, f"s3://artifacts-bucket/{keys.run(execution, model)}", "runs/x/plan.json")
        return plan.without_jobs(execution, [reference], max_concurrency=1, promote=True)

    def LoadModelPlan(self, parameters: Mapping[str, Any]) -> Any:
        if self.promotion is not None:
            run_uri = f"s3://artifacts-bucket/runs/promoted/{self.promotion.model}/"
            return {"Body": json.dumps(promoted.document(self.promotion, run_uri, "group", "m/v0/model.tar.gz"))}
        if self.plan is None:
            return {"Body": json.dumps(staged.document(self.staged[parameters["Key"].split("/")[2]]))}
        plans = {keys.model_plan(self.plan.execution, model.name): model for model in self.plan.models}
        return {"Body": json.dumps(asdict(plans[parameters["Key"]]))}

    def PrepareDataset(self, parameters: Mapping[str, Any]) -> Any:
        message = PrepareMessage("0123456789abcdef", 133, 6680, 835, 836, 1, "File")
        return describe(PROCESSING_JOB, parameters, ExitMessage=message.encode())

    MergeManifest = PrepareDataset

    def TuneModel(self, parameters: Mapping[str, Any]) -> Any:
        best = {"TrainingJobName": "trial-003", "TunedHyperParameters": {"lr": "0.02", "batch-size": '"32"'}}
        return describe(CREATE_SEARCH, parameters, BestTrainingJob=best)

    TuneModelWarm = TuneModelHyperband = TuneModel

    def SaveHyperparameters(self, parameters: Mapping[str, Any]) -> Any:
        return {}

    def TrainModel(self, parameters: Mapping[str, Any]) -> Any:
        name, output = parameters["TrainingJobName"], parameters["OutputDataConfig"]["S3OutputPath"]
        artifact = f"{output}{name}/output/model.tar.gz"
        return describe(TRAINING_JOB, parameters, ModelArtifacts={"S3ModelArtifacts": artifact})

    def EmitFindings(self, payload: Mapping[str, Any]) -> Any:
        return {"rules": ["overfitting"]}

    def EmitFindingsOfFailure(self, payload: Mapping[str, Any]) -> Any:
        return {"rules": ["exploding-gradient"]}

    def FindChampion(self, payload: Mapping[str, Any]) -> Any:
        return {"target_model": "", "uri": "s3://artifacts-bucket/aliases/_none/"}

    def EvaluateModel(self, parameters: Mapping[str, Any]) -> Any:
        message = EvaluateMessage(VERSION, 0.91, -1, 836)
        return describe(PROCESSING_JOB, parameters, ExitMessage=message.encode())

    def DiagnoseFailure(self, payload: Mapping[str, Any]) -> Any:
        return asdict(
            decide(payload["state"], causes.read_caught(payload["error"]), payload["recovery"], max_attempts=3)
        )

    def QualityGate(self, payload: Mapping[str, Any]) -> Any:
        return {"passed": True, "reasons": [], "reason": "good", "accuracy": 0.91, "champion_accuracy": None}

    def RegisterModel(self, payload: Mapping[str, Any]) -> Any:
        return {"package_arn": ACCOUNT.format("sagemaker", "model-package/group/1")}

    RegisterRejected = RegisterModel

    def ApproveModel(self, payload: Mapping[str, Any]) -> Any:
        return {"package_arn": payload["package_arn"]}

    RejectModel = RejectReplaced = ApproveModel

    def StageArtifact(self, payload: Mapping[str, Any]) -> Any:
        target = keys.target_model(payload["model"], payload["version"])
        return {"target_model": target, "archive_uri": f"s3://artifacts-bucket/models/{target}", "sha256": "ab" * 32}

    def SmokeTest(self, payload: Mapping[str, Any]) -> Any:
        return {"on": True, "tested": 8, "note": "8 golden images answered as evaluated"}

    def PublishModel(self, payload: Mapping[str, Any]) -> Any:
        return {"refresh": False, "note": "published"}

    def RecordStaged(self, payload: Mapping[str, Any]) -> Any:
        staged = Staged(**payload["staged"], when="2026-11-20T13:30:00+00:00")
        before = self.staged.get(staged.name)
        self.staged[staged.name] = staged
        return {"note": "staged", "replaced": before.package_arn if before else ""}

    def RefreshFleet(self, payload: Mapping[str, Any]) -> Any:
        return {"refresh": False, "rollout": payload["rollout"], "note": "the fleet is new"}

    def Notify(self, parameters: Mapping[str, Any]) -> Any:
        return {"MessageId": "1"}
