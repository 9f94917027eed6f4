"""Definitions that AWS refuses are refused, with location and reason."""

import json

import pytest
from botocore.exceptions import ClientError

TASK = "arn:aws:states:::sagemaker:createModel"
MODEL = {"ModelName": "m", "ExecutionRoleArn": "arn:aws:iam::123456789012:role/r"}


def machine(*, start="A", more=None, **state):
    return {"StartAt": start, "States": {"A": state, **(more or {})}}


REFUSED = [
    ("not json", "INVALID_JSON_DESCRIPTION"),
    ("[]", "a definition is a JSON object"),
    ({"States": {}}, "These fields are required: [StartAt]"),
    (machine(start="B", Type="Pass", End=True), "Missing 'Next' target: B at /StartAt"),
    (machine(Type="Pass", Next="B"), "Missing 'Next' target: B at /States/A/Next"),
    (machine(Type="Pass"), "[Next] or [End]"),
    (machine(Type="Pass", Next="A", End=True), "only one of: [Next, End]"),
    (machine(Type="Pass", Next="A"), "no state ends this flow"),
    (machine(Type="Nap", End=True), "'Nap' is not one of"),
    (machine(Type="Pass", End=True, Seconds=3), "Field 'Seconds' is not supported"),
    (machine(Type="Pass", End=True, more={"B": {"Type": "Succeed"}}), 'State "B" is not reachable'),
    (machine(Type="Pass", End=True, Assign={"x": 1}), "localcloud does not run JSONata or workflow variables"),
    ({**machine(Type="Pass", End=True), "QueryLanguage": "JSONata"}, "localcloud does not run JSONata"),
    (machine(Type="Pass", End=True, QueryLanguage="JSONata"), "localcloud does not run JSONata"),
    (machine(Type="Pass", End=True, Parameters={"x": "{% 1 %}"}), "localcloud does not run JSONata"),
    (machine(Type="Pass", End=True, Parameters={"x.$": "name"}), "must be a valid JSONPath"),
    (machine(Type="Pass", End=True, Parameters={"x.$": "States.Nope()"}), "not a valid intrinsic function"),
    (machine(Type="Pass", End=True, Parameters={"x.$": f"States.Array({', '.join(['States.UUID()'] * 10)})"}), "10 of"),
    (machine(Type="Pass", End=True, InputPath="$.a["), "not a valid JSONPath"),
    (machine(Type="Pass", End=True, ResultPath="$.a[*]"), "not a Reference Path"),
    (machine(Type="Wait", End=True), "exactly one of"),
    (machine(Type="Task", End=True), "These fields are required: [Resource]"),
    (machine(Type="Task", End=True, Resource="arn:aws:states:::glue:startJobRun.sync"), "does not run the service"),
    (machine(Type="Task", End=True, Resource="train"), "train is not recognized"),
    (machine(Type="Task", End=True, Resource="arn:aws:states:::sagemaker:createModel.sync"), "does not run"),
    (machine(Type="Task", End=True, Resource=TASK, Parameters={**MODEL, "Foo.$": "$"}), '"Foo" is not supported'),
    (machine(Type="Task", End=True, Resource=TASK, Parameters={"Tags.$": "$"}), '"ModelName" is required'),
    (machine(Type="Task", End=True, Resource=TASK, Parameters={**MODEL, "ModelName": 1}), "must be a STRING"),
    (
        machine(Type="Task", End=True, Resource=TASK, Parameters={**MODEL, "PrimaryContainer": {"Img": "x"}}),
        '"Img" is not supported',
    ),
    (machine(Type="Task", End=True, Resource=TASK, Parameters=MODEL, TimeoutSeconds=0), "positive integer"),
    (
        machine(Type="Task", End=True, Resource=TASK, Parameters=MODEL, Retry=[{"ErrorEquals": []}]),
        "ErrorEquals must be a non-empty list",
    ),
    (
        machine(Type="Task", End=True, Resource=TASK, Parameters=MODEL, Catch=[{"ErrorEquals": ["States.ALL"]}]),
        "These fields are required: [Next] at /States/A/Catch[0]",
    ),
    (machine(Type="Pass", End=True, Retry={"ErrorEquals": ["A"]}), "Expected a list at /States/A/Retry"),
    (machine(Type="Pass", End=True, Catch=["States.ALL"]), "Expected an object at /States/A/Catch[0]"),
    (machine(Type="Choice", Choices=["A"], Default="A"), "Expected an object at /States/A/Choices[0]"),
    (machine(Type="Choice", Choices=[]), "These fields are required: [Choices]"),
    (machine(Type="Choice", Choices=[{"Variable": "$.x", "Next": "A"}]), "exactly one comparison"),
    (machine(Type="Choice", Choices=[{"Variable": "$.x", "IsNull": 1, "Next": "A"}]), "Expected true or false"),
    (machine(Type="Map", End=True), "These fields are required: [ItemProcessor]"),
    (
        machine(
            Type="Map",
            End=True,
            ItemProcessor={"ProcessorConfig": {"Mode": "DISTRIBUTED"}, **machine(Type="Succeed")},
        ),
        "localcloud does not run distributed Map states",
    ),
    (
        {
            "StartAt": "A",
            "States": {"A": {"Type": "Parallel", "End": True, "Branches": [machine(Type="Succeed")]}},
        },
        "The state name A is used more than once at /States/A/Branches[0]/States/A",
    ),
]


@pytest.mark.parametrize(("definition", "reason"), REFUSED)
def test_refused(runner, definition, reason):
    with pytest.raises(runner.states.exceptions.InvalidDefinition) as refusal:
        runner.create(definition)
    assert reason in str(refusal.value)


def test_validation_lists_every_problem_with_its_location(runner):
    definition = json.dumps(machine(Type="Pass", Next="B", Foo=1))
    answer = runner.states.validate_state_machine_definition(definition=definition)
    assert answer["result"] == "FAIL"
    assert [(each["code"], each["location"]) for each in answer["diagnostics"]] == [
        ("SCHEMA_VALIDATION_FAILED", "/States/A/Foo"),
        ("MISSING_TRANSITION_TARGET", "/States/A/Next"),
        ("MISSING_TERMINAL_STATE", "/"),
    ]
    sound = runner.states.validate_state_machine_definition(definition=json.dumps(machine(Type="Succeed")))
    assert (sound["result"], sound["diagnostics"]) == ("OK", [])


def test_an_update_is_checked_and_takes_effect_for_new_executions_only(runner):
    arn = runner.create(machine(Type="Wait", Seconds=30, End=True))
    before = runner.states.start_execution(stateMachineArn=arn)["executionArn"]
    with pytest.raises(runner.states.exceptions.InvalidDefinition):
        runner.states.update_state_machine(stateMachineArn=arn, definition=json.dumps(machine(Type="Pass")))
    runner.states.update_state_machine(stateMachineArn=arn, definition=json.dumps(machine(Type="Succeed")))
    after = runner.states.start_execution(stateMachineArn=arn)["executionArn"]
    assert runner.wait(after)["status"] == "SUCCEEDED"
    assert runner.states.describe_execution(executionArn=before)["status"] == "RUNNING"
    started_with = runner.states.describe_state_machine_for_execution(executionArn=before)["definition"]
    assert json.loads(started_with)["States"]["A"]["Type"] == "Wait"
    runner.states.stop_execution(executionArn=before)


def test_creating_again_is_idempotent_only_with_the_same_definition(runner):
    role = "arn:aws:iam::123456789012:role/states"
    text = json.dumps(machine(Type="Succeed"))
    first = runner.states.create_state_machine(name="twice", definition=text, roleArn=role)
    second = runner.states.create_state_machine(name="twice", definition=text, roleArn=role)
    assert first["stateMachineArn"] == second["stateMachineArn"]
    with pytest.raises(runner.states.exceptions.StateMachineAlreadyExists):
        other = json.dumps(machine(Type="Pass", End=True))
        runner.states.create_state_machine(name="twice", definition=other, roleArn=role)


def test_express_machines_and_redrive_are_refused_by_name(runner):
    with pytest.raises(ClientError, match="type EXPRESS"):
        runner.create(machine(Type="Succeed"), type="EXPRESS")
    execution = runner.start(machine(Type="Succeed"))
    with pytest.raises(ClientError, match="does not emulate states:RedriveExecution"):
        runner.states.redrive_execution(executionArn=execution)
    with pytest.raises(ClientError, match="does not emulate states:CreateActivity"):
        runner.states.create_activity(name="a")
