"""The change-set operations: plan a version of a stack, show the plan, carry it out."""

from __future__ import annotations

import uuid

from localcloud.cloudformation import requests, views
from localcloud.cloudformation.engine import Engine
from localcloud.cloudformation.planning import planned_changes
from localcloud.cloudformation.stacks import ChangeSet, Stack
from localcloud.cloudformation.template import validation_error
from localcloud.cloudformation.versions import Versions, apply_settings, same
from localcloud.context import Cloud
from localcloud.errors import AwsError

Answer = dict[str, object]
_NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."


class ChangeSetsApi:
    """One method per operation, named like boto3's; requests and answers are as the service model has them."""

    def __init__(self, cloud: Cloud, engine: Engine) -> None:
        self._cloud = cloud
        self._engine = engine
        self._versions = Versions(cloud)

    def create_change_set(self, request: requests.CreateChangeSet) -> Answer:
        if request.get("ChangeSetType") == "IMPORT" or request.get("ResourcesToImport"):
            raise AwsError(
                "NotImplemented", "localcloud does not emulate cloudformation:CreateChangeSet of type IMPORT"
            )
        with self._engine.lock:
            stack = self._stack_for_change_set(request)
            try:
                change_set = self._plan(stack, request)
            except AwsError:
                self._engine.discard_unplanned(stack)
                raise
        return {"Id": change_set.arn, "StackId": stack.arn}

    def _plan(self, stack: Stack, request: requests.CreateChangeSet) -> ChangeSet:
        version = self._versions.read(request, stack.version, stack.role_arn)
        apply_settings(stack, request)
        changes = planned_changes(stack, version, self._engine.scope(stack, version))
        empty = same(stack, version)
        region, account = self._cloud.region, self._cloud.account_id
        name = request["ChangeSetName"]
        stack.change_sets[name] = ChangeSet(
            name=name,
            arn=f"arn:aws:cloudformation:{region}:{account}:changeSet/{name}/{uuid.uuid4()}",
            kind=request.get("ChangeSetType", "UPDATE"),
            version=version,
            changes=changes,
            status="FAILED" if empty else "CREATE_COMPLETE",
            reason=_NO_CHANGES if empty else None,
            description=request.get("Description"),
            execution_status="UNAVAILABLE" if empty else "AVAILABLE",
            on_failure=request.get("OnStackFailure"),
        )
        return stack.change_sets[name]

    def describe_change_set(self, request: requests.ChangeSetReference) -> Answer:
        return views.change_set(*self.find(request["ChangeSetName"], request.get("StackName")))

    def list_change_sets(self, request: requests.StackReference) -> Answer:
        stack = self._engine.find(request["StackName"])
        return {"Summaries": [views.change_set_summary(stack, item) for item in stack.change_sets.values()]}

    def delete_change_set(self, request: requests.ChangeSetReference) -> None:
        try:
            stack, change_set = self.find(request["ChangeSetName"], request.get("StackName"))
        except AwsError:
            return  # AWS reports success, and the CDK CLI relies on it
        del stack.change_sets[change_set.name]

    def execute_change_set(self, request: requests.ExecuteChangeSet) -> None:
        with self._engine.lock:
            stack, change_set = self.find(request["ChangeSetName"], request.get("StackName"))
            if change_set.execution_status != "AVAILABLE":
                raise AwsError(
                    "InvalidChangeSetStatus",
                    f"ChangeSet [{change_set.arn}] cannot be executed in its current status of [{change_set.status}]",
                )
            creating = stack.status == "REVIEW_IN_PROGRESS"
            if not creating:
                self._engine.idle(stack.name)
            stack.token = request.get("ClientRequestToken")
            stack.disable_rollback = bool(request.get("DisableRollback", False))
            stack.status = "CREATE_IN_PROGRESS" if creating else "UPDATE_IN_PROGRESS"
            stack.change_sets.clear()
        roll_back = not stack.disable_rollback
        if creating:
            on_failure = change_set.on_failure or ("ROLLBACK" if roll_back else "DO_NOTHING")
            self._engine.run(stack, lambda operation: operation.create(change_set.version, on_failure))
        else:
            self._engine.run(stack, lambda operation: operation.update(change_set.version, roll_back=roll_back))

    def _stack_for_change_set(self, request: requests.CreateChangeSet) -> Stack:
        name, kind = request["StackName"], request.get("ChangeSetType", "UPDATE")
        existing = self._engine.find_or_none(name) if not name.startswith("arn:") else self._engine.find(name)
        if kind == "CREATE":
            if existing is not None and existing.status != "REVIEW_IN_PROGRESS":
                raise validation_error(f"Stack [{name}] already exists and cannot be created again with the changeSet")
            return existing or self._engine.new_stack(name, "REVIEW_IN_PROGRESS")
        if existing is None:
            raise validation_error(f"Stack [{name}] does not exist")
        return self._engine.idle(existing.arn)

    def find(self, name: str, stack_name: str | None) -> tuple[Stack, ChangeSet]:
        """A change set by name or ARN, of the stack with that name or ARN where one is given."""
        for stack in self._engine.stacks:
            if stack.deleted is not None or (stack_name or stack.name) not in (stack.name, stack.arn):
                continue
            for change_set in stack.change_sets.values():
                if name in (change_set.name, change_set.arn):
                    return stack, change_set
        raise AwsError("ChangeSetNotFound", f"ChangeSet [{name}] does not exist", 404)
