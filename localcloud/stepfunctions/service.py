"""The Step Functions operations that concern definitions and executions; moto keeps the records of state machines."""

from __future__ import annotations

import json
import re
import threading
import uuid

from localcloud.context import Cloud
from localcloud.errors import AwsError, not_emulated
from localcloud.json_types import JSON
from localcloud.stepfunctions import requests, views
from localcloud.stepfunctions.asl.data_limit import MAX_DATA_BYTES
from localcloud.stepfunctions.asl.definition import parse as parse_definition
from localcloud.stepfunctions.asl.errors import InvalidDefinition, StatesError
from localcloud.stepfunctions.asl.interpreter import Interpreter
from localcloud.stepfunctions.execution import Execution, Machine
from localcloud.stepfunctions.execution_logs import ExecutionLogs
from localcloud.stepfunctions.integrations.catalogue import Catalogue
from localcloud.stepfunctions.metrics import OUTCOMES, count

Answer = dict[str, object]
_NAME = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")


class StepFunctions:
    """One method per operation; requests and answers are as the service's API has them."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._logs = ExecutionLogs(cloud)
        self._catalogue = Catalogue(cloud.client, cloud.region)
        self._executions: dict[str, Execution] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Stop every execution, and with it the jobs it waits for."""
        for execution in list(self._executions.values()):
            execution.stop()
        self._logs.close()

    # Definitions

    def check_create(self, request: requests.CreateStateMachine) -> None:
        """Refuse what CreateStateMachine refuses; moto accepts anything."""
        if request.get("type", "STANDARD") != "STANDARD":
            raise not_emulated("states", "CreateStateMachine with type EXPRESS")
        self._check_definition(request["definition"])
        client = self._cloud.client("stepfunctions")
        arn = f"arn:aws:states:{self._cloud.region}:{self._cloud.account_id}:stateMachine:{request['name']}"
        try:
            existing = client.describe_state_machine(stateMachineArn=arn)
        except client.exceptions.StateMachineDoesNotExist:
            return
        if (existing["definition"], existing["roleArn"]) != (request["definition"], request["roleArn"]):
            raise AwsError("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")

    def check_update(self, request: requests.UpdateStateMachine) -> None:
        """Refuse what UpdateStateMachine refuses."""
        definition = request.get("definition")
        if definition is not None:
            self._check_definition(definition)

    def validate_state_machine_definition(self, request: requests.ValidateDefinition) -> Answer:
        try:
            parse_definition(request["definition"], self._catalogue.check)
        except InvalidDefinition as error:
            return {"result": "FAIL", "diagnostics": [views.diagnostic(problem) for problem in error.problems]}
        return {"result": "OK", "diagnostics": []}

    def _check_definition(self, definition: str) -> None:
        try:
            parse_definition(definition, self._catalogue.check)
        except InvalidDefinition as error:
            raise AwsError("InvalidDefinition", f"Invalid State Machine Definition: '{error}'") from error

    # Executions

    def start_execution(self, request: requests.StartExecution) -> Answer:
        text = request.get("input", "{}")
        value = _input(text)
        machine = self._machine(request["stateMachineArn"])
        name = request.get("name") or str(uuid.uuid4())
        if not _NAME.fullmatch(name):
            raise AwsError("InvalidName", f"Invalid Name: '{name}'")
        arn = f"{machine.arn.replace(':stateMachine:', ':execution:')}:{name}"
        with self._lock:
            existing = self._executions.get(arn)
            if existing is None:
                execution = Execution(machine, arn, name, text, value, self._ended)
                self._executions[arn] = execution
                self._logs.follow(execution)
                count(self._cloud, execution, "Started")
                execution.start(Interpreter(self._catalogue.acting_as(execution.machine.role_arn)))
            elif existing.status == "RUNNING" and existing.input == value:
                execution = existing
            else:
                raise AwsError("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
        return {"executionArn": arn, "startDate": execution.started}

    def stop_execution(self, request: requests.StopExecution) -> Answer:
        execution = self._execution(request)
        return {"stopDate": execution.stop(request.get("error"), request.get("cause"))}

    def describe_execution(self, request: requests.ExecutionRequest) -> Answer:
        return views.description(self._execution(request))

    def describe_state_machine_for_execution(self, request: requests.ExecutionRequest) -> Answer:
        return views.machine(self._execution(request))

    def list_executions(self, request: requests.ListExecutions) -> Answer:
        if "stateMachineArn" not in request:
            raise not_emulated("states", "ListExecutions without stateMachineArn")
        machine = self._machine(request["stateMachineArn"])
        wanted = request.get("statusFilter")
        found = [
            each
            for each in list(self._executions.values())
            if each.machine.arn == machine.arn and wanted in (None, each.status)
        ]
        found.sort(key=lambda each: each.started, reverse=True)
        page, token = views.page(found, request)
        return {"executions": [views.list_item(each) for each in page], **token}

    def get_execution_history(self, request: requests.GetHistory) -> Answer:
        events = self._execution(request).history.events()
        if request.get("reverseOrder"):
            events.reverse()
        page, token = views.page(events, request)
        with_data = request.get("includeExecutionData", True)
        return {"events": [views.history_event(each, with_data=with_data) for each in page], **token}

    def _ended(self, execution: Execution) -> None:
        count(self._cloud, execution, OUTCOMES[execution.status])

    def redrive_execution(self, request: requests.ExecutionRequest) -> Answer:
        raise not_emulated("states", "RedriveExecution")

    # Task tokens

    def send_task_success(self, request: requests.TaskSuccess) -> Answer:
        task = self._catalogue.tokens.waiting(request["taskToken"])
        try:
            task.finish((json.loads(request["output"]),))
        except ValueError as error:
            raise AwsError("InvalidOutput", f"Invalid Output: {error}") from error
        return {}

    def send_task_failure(self, request: requests.TaskFailure) -> Answer:
        task = self._catalogue.tokens.waiting(request["taskToken"])
        task.finish(StatesError(request.get("error", ""), request.get("cause", "")))
        return {}

    def send_task_heartbeat(self, request: requests.TokenRequest) -> Answer:
        self._catalogue.tokens.waiting(request["taskToken"]).heartbeat()
        return {}

    def _machine(self, arn: str) -> Machine:
        client = self._cloud.client("stepfunctions")
        try:
            found = client.describe_state_machine(stateMachineArn=arn)
        except client.exceptions.ClientError as error:
            details = error.response["Error"]
            raise AwsError(details["Code"], details["Message"]) from error
        base = ":".join(found["stateMachineArn"].split(":")[:7])  # without the number of a version
        return Machine(
            arn=base,
            name=found["name"],
            definition_text=found["definition"],
            definition=json.loads(found["definition"]),
            role_arn=found["roleArn"],
            logging=found.get("loggingConfiguration", {}),
        )

    def _execution(self, request: requests.ExecutionRequest) -> Execution:
        arn = request["executionArn"]
        execution = self._executions.get(arn)
        if execution is None:
            raise AwsError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        return execution


def _input(text: str) -> JSON:
    if len(text.encode()) > MAX_DATA_BYTES:
        raise AwsError(
            "ValidationException",
            "1 validation error detected: Value at 'input' failed to satisfy constraint: "
            f"Member must have length less than or equal to {MAX_DATA_BYTES}",
        )
    try:
        value: JSON = json.loads(text)
    except ValueError as error:
        raise AwsError("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'") from error
    return value
