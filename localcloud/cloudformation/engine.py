"""All stacks of the cloud: which operations may start, and the scope in which they evaluate templates."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Mapping
from functools import partial

from localcloud.cloudformation.intrinsics import Scope
from localcloud.cloudformation.operations import StackOperation
from localcloud.cloudformation.parameters import stored_value
from localcloud.cloudformation.planning import make_scope, resolve_as_far_as_known
from localcloud.cloudformation.providers.base import Request
from localcloud.cloudformation.stacks import Output, Resource, Stack, Version
from localcloud.cloudformation.template import validation_error
from localcloud.context import Cloud
from localcloud.errors import own_failure
from localcloud.json_types import JSON, JsonObject

log = logging.getLogger(__name__)

# CDK polls every 5 s, boto3's waiters every 30 s: answering after the work, where it is quick, saves that time.
_ANSWER_AFTER_SECONDS = 10.0


class Engine:
    """All stacks, and the threads that work on them."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.stacks: list[Stack] = []
        self.lock = threading.RLock()

    def find(self, name_or_arn: str) -> Stack:
        """A stack by name (deleted ones only by ARN); ValidationError when there is none."""
        for stack in reversed(self.stacks):
            if stack.arn == name_or_arn or (stack.name == name_or_arn and stack.deleted is None):
                return stack
        raise validation_error(f"Stack with id {name_or_arn} does not exist")

    def find_or_none(self, name: str) -> Stack | None:
        return next((stack for stack in self.stacks if stack.name == name and stack.deleted is None), None)

    def idle(self, name: str, *, deleting: bool = False) -> Stack:
        """A stack without an operation in progress, whose status allows an update (when deleting: any status)."""
        stack = self.find(name)
        usable = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_FAILED", "CREATE_FAILED")
        if stack.busy or (stack.status not in (*usable, "REVIEW_IN_PROGRESS") and not deleting):
            raise validation_error(f"Stack:{stack.arn} is in {stack.status} state and can not be updated.")
        return stack

    def new_stack(self, name: str, status: str) -> Stack:
        cloud = self._cloud
        arn = f"arn:aws:cloudformation:{cloud.region}:{cloud.account_id}:stack/{name}/{uuid.uuid4()}"
        stack = Stack(name, arn, status)
        self.stacks.append(stack)
        return stack

    def discard_unplanned(self, stack: Stack) -> None:
        """Forget a stack that was created for a change set that turned out to be invalid."""
        if stack.status == "REVIEW_IN_PROGRESS" and not stack.change_sets:
            self.stacks.remove(stack)

    def run(self, stack: Stack, work: Callable[[StackOperation], None]) -> None:
        """Work on a stack in a separate thread; returns when that is done, or after 10 s."""

        def guarded() -> None:
            try:
                work(StackOperation(self, stack))
            except Exception as error:
                log.exception("operation on stack %s failed", stack.name)
                prefix = stack.status.removesuffix("_IN_PROGRESS").removesuffix("_CLEANUP")
                stack.set_status(f"{prefix}_FAILED", own_failure(error))

        thread = threading.Thread(target=guarded, name=f"stack-{stack.name}", daemon=True)
        thread.start()
        thread.join(_ANSWER_AFTER_SECONDS)

    def pseudo(self, stack_name: str, stack_arn: str) -> JsonObject:
        """Values of the pseudo parameters."""
        return {
            "AWS::AccountId": self._cloud.account_id,
            "AWS::Region": self._cloud.region,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": stack_name,
            "AWS::StackId": stack_arn,
            "AWS::NotificationARNs": [],
        }

    def scope(self, stack: Stack, version: Version) -> Scope:
        """The scope in which `version` of `stack` is evaluated."""

        def lookup(logical_id: str, attribute: str | None) -> JSON:
            resource = stack.resources.get(logical_id)
            if resource is None or resource.physical_id is None:
                raise validation_error(f"Unresolved resource dependency [{logical_id}]")
            if attribute is None:
                return resource.physical_id
            if attribute in resource.attributes:
                return resource.attributes[attribute]
            raise validation_error(
                f"localcloud does not know the attribute {attribute} of {logical_id} ({resource.type})"
            )

        return make_scope(
            version,
            self.pseudo(stack.name, stack.arn),
            lookup,
            self._import,
            partial(self._dynamic_reference, stack),
            self._output,
        )

    def request(
        self,
        stack: Stack,
        resource: Resource,
        tags: Mapping[str, str],
        previous_tags: Mapping[str, str],
    ) -> Request:
        """What a provider needs to know about a resource and its stack, with clients that act as the stack's role."""
        cloud = self._cloud
        return Request(
            client=partial(cloud.client, role=stack.role_arn),
            logical_id=resource.logical_id,
            type=resource.type,
            stack_name=stack.name,
            stack_id=stack.arn,
            region=cloud.region,
            account_id=cloud.account_id,
            presigned=cloud.presigned,
            tags=tags,
            previous_tags=previous_tags,
        )

    def exports(self) -> dict[str, tuple[Stack, str]]:
        """Export name -> stack and value."""
        return {
            output["ExportName"]: (stack, output["OutputValue"])
            for stack in self.stacks
            if stack.deleted is None
            for output in stack.outputs.values()
            if "ExportName" in output
        }

    def _import(self, name: str) -> str:
        exports = self.exports()
        if name not in exports:
            raise validation_error(f"No export named {name} found.")
        return exports[name][1]

    def _output(self, stack_name: str, output: str) -> str:
        outputs = self.find(stack_name).outputs
        if output not in outputs:
            raise validation_error(f"Stack {stack_name} has no output {output}")
        return outputs[output]["OutputValue"]

    def importers(self, name: str) -> list[str]:
        """Names of the existing stacks whose resources import `name`."""
        return [stack.name for stack in self.stacks if stack.deleted is None and name in self._imported(stack)]

    def _imported(self, stack: Stack) -> set[str]:
        found: set[str] = set()
        if stack.version is None:
            return found

        def note(name: str) -> str:
            found.add(name)
            return name

        scope = self.scope(stack, stack.version)
        scope.exports = note
        for resource in stack.resources.values():
            resolve_as_far_as_known(resource.definition.get("Properties", {}), scope)
        for output in stack.version.template.get("Outputs", {}).values():
            resolve_as_far_as_known(output.get("Value"), scope)
        return found

    def check_exports(self, stack: Stack, outputs: Mapping[str, Output]) -> None:
        """Exports are unique in an account, and one that other stacks import can be neither deleted nor changed."""
        wanted = {output["ExportName"]: output["OutputValue"] for output in outputs.values() if "ExportName" in output}
        for name, (owner, value) in self.exports().items():
            if owner is not stack and name in wanted:
                raise validation_error(f"Export with name {name} is already exported by stack {owner.name}.")
            if owner is stack and wanted.get(name) != value and (users := self.importers(name)):
                verb = "updated" if name in wanted else "deleted"
                raise validation_error(f"Export {name} cannot be {verb} as it is in use by {', '.join(users)}")

    def _dynamic_reference(self, stack: Stack, service: str, reference: str) -> str:
        if service == "ssm":
            name = reference.rsplit(":", 1)[0] if reference.rpartition(":")[2].isdigit() else reference
            return stored_value(self._cloud.client("ssm", stack.role_arn), name)
        raise validation_error(f"localcloud does not emulate dynamic references to {service}")
