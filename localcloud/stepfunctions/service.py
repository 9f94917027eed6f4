"""The Step Functions operations that concern definitions and executions; moto keeps the records of state machines."""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Mapping
from typing import Any

from localcloud.context import Cloud
from localcloud.errors import AwsError, not_emulated
from localcloud.stepfunctions import views
from localcloud.stepfunctions.asl.data_limit import MAX_DATA_BYTES
from localcloud.stepfunctions.asl.definition import parse as parse_definition
from localcloud.stepfunctions.asl.errors import InvalidDefinition, StatesError
from localcloud.stepfunctions.asl.interpreter import Interpreter
from localcloud.stepfunctions.execution import Execution, Machine
from localcloud.stepfunctions.execution_logs import ExecutionLogs
from localcloud.stepfunctions.integrations.catalogue import Catalogue
from localcloud.stepfunctions.metrics import OUTCOMES, count

Parameters = Mapping[str, Any]
_NAME = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")


class StepFunctions:
    """One method an operation; parameters and results are as the service's API has them."""

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

    def check_create(self, parameters: Parameters) -> None:
        """Refuse what CreateStateMachine refuses; moto accepts anything."""
        if parameters.get("type", "STANDARD") != "STANDARD":
            raise not_emulated("states", "CreateStateMachine with type EXPRESS")
        self._parsed(parameters["definition"])
        client = self._cloud.client("stepfunctions")
        arn = f"arn:aws:states:{self._cloud.region}:{self._cloud.account_id}:stateMachine:{parameters['name']}"
        try:
            existing = client.describe_state_machine(stateMachineArn=arn)
        except client.exceptions.StateMachineDoesNotExist:
            return
        if (existing["definition"], existing["roleArn"]) != (parameters["definition"], parameters["roleArn"]):
            raise AwsError("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")

    def check_update(self, parameters: Parameters) -> None:
        """Refuse what UpdateStateMachine refuses."""
        if parameters.get("definition") is not None:
            self._parsed(parameters["definition"])

    def validate_state_machine_definition(self, parameters: Parameters) -> dict[str, Any]:
        try:
            parse_definition(parameters["definition"], self._catalogue.check)
        except InvalidDefinition as error:
            return {"result": "FAIL", "diagnostics": [views.diagnostic(problem) for problem in error.problems]}
        return {"result": "OK", "diagnostics": []}

    def _parsed(self, definition: str) -> dict[str, Any]:
        try:
            return parse_definition(definition, self._catalogue.check)
        except InvalidDefinition as error:
            raise AwsError("InvalidDefinition", f"Invalid State Machine Definition: '{error}'") from error

    # Executions

    def start_execution(self, parameters: Parameters) -> dict[str, Any]:
        text = parameters.get("input", "{}")
        value = _input(text)
        machine = self._machine(parameters["stateMachineArn"])
        name = parameters.get("name") or str(uuid.uuid4())
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

    def stop_execution(self, parameters: Parameters) -> dict[str, Any]:
        execution = self._execution(parameters)
        return {"stopDate": execution.stop(parameters.get("error"), parameters.get("cause"))}

    def describe_execution(self, parameters: Parameters) -> dict[str, Any]:
        return views.description(self._execution(parameters))

    def describe_state_machine_for_execution(self, parameters: Parameters) -> dict[str, Any]:
        return views.machine(self._execution(parameters))

    def list_executions(self, parameters: Parameters) -> dict[str, Any]:
        if "stateMachineArn" not in parameters:
            raise not_emulated("states", "ListExecutions without stateMachineArn")
        machine = self._machine(parameters["stateMachineArn"])
        wanted = parameters.get("statusFilter")
        found = [
            each
            for each in list(self._executions.values())
            if each.machine.arn == machine.arn and wanted in (None, each.status)
        ]
        found.sort(key=lambda each: each.started, reverse=True)
        page, token = views.page(found, parameters)
        return {"executions": [views.list_item(each) for each in page], **token}

    def get_execution_history(self, parameters: Parameters) -> dict[str, Any]:
        events = self._execution(parameters).history.events(with_data=parameters.get("includeExecutionData", True))
        if parameters.get("reverseOrder"):
            events.reverse()
        page, token = views.page(events, parameters)
        return {"events": page, **token}

    def _ended(self, execution: Execution) -> None:
        count(self._cloud, execution, OUTCOMES[execution.status])

    def redrive_execution(self, parameters: Parameters) -> dict[str, Any]:
        raise not_emulated("states", "RedriveExecution")

    # Task tokens

    def send_task_success(self, parameters: Parameters) -> dict[str, Any]:
        task = self._catalogue.tokens.waiting(parameters["taskToken"])
        try:
            task.finish((json.loads(parameters["output"]),))
        except ValueError as error:
            raise AwsError("InvalidOutput", f"Invalid Output: {error}") from error
        return {}

    def send_task_failure(self, parameters: Parameters) -> dict[str, Any]:
        task = self._catalogue.tokens.waiting(parameters["taskToken"])
        task.finish(StatesError(parameters.get("error", ""), parameters.get("cause", "")))
        return {}

    def send_task_heartbeat(self, parameters: Parameters) -> dict[str, Any]:
        self._catalogue.tokens.waiting(parameters["taskToken"]).heartbeat()
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

    def _execution(self, parameters: Parameters) -> Execution:
        arn = parameters["executionArn"]
        execution = self._executions.get(arn)
        if execution is None:
            raise AwsError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        return execution


def _input(text: str) -> Any:
    if len(text.encode()) > MAX_DATA_BYTES:
        raise AwsError(
            "ValidationException",
            "1 validation error detected: Value at 'input' failed to satisfy constraint: "
            f"Member must have length less than or equal to {MAX_DATA_BYTES}",
        )
    try:
        return json.loads(text)
    except ValueError as error:
        raise AwsError("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'") from error
