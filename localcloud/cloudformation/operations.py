"""Creating, updating, rolling back and deleting a stack, one resource after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from localcloud.cloudformation.deletion import delete_in_order, is_retained
from localcloud.cloudformation.failures import FAILURES, describe_error, named_failures
from localcloud.cloudformation.intrinsics import Scope
from localcloud.cloudformation.planning import active_definitions, dependency_order_of_existing, resolve_outputs
from localcloud.cloudformation.providers import provider_for
from localcloud.cloudformation.providers.base import Outcome, Request
from localcloud.cloudformation.stacks import Output, Resource, Stack, Version, now
from localcloud.cloudformation.template import ResourceDefinition
from localcloud.json_types import JsonObject

Tags = Mapping[str, str]


class Context(Protocol):
    """What an operation needs of the engine."""

    def scope(self, stack: Stack, version: Version) -> Scope: ...
    def request(self, stack: Stack, resource: Resource, tags: Tags, previous_tags: Tags) -> Request: ...
    def check_exports(self, stack: Stack, outputs: Mapping[str, Output]) -> None: ...


class ResourceFailed(Exception):
    """One resource failed; its reason is in the stack's events."""


@dataclass
class Step:
    """A change to a resource, and how to undo it."""

    logical_id: str
    undo: Callable[[], None]


class StackOperation:
    """One operation on a stack; used once, in one thread."""

    def __init__(self, context: Context, stack: Stack) -> None:
        self._context = context
        self._stack = stack
        self._steps: list[Step] = []
        self._replaced: list[tuple[Resource, Tags]] = []

    def create(self, version: Version, on_failure: str) -> None:
        """on_failure: ROLLBACK, DELETE or DO_NOTHING."""
        stack = self._stack
        stack.version = version
        stack.set_status("CREATE_IN_PROGRESS", "User Initiated")
        try:
            self._apply(version, {})
            stack.set_status("CREATE_COMPLETE")
            return
        except (ResourceFailed, *FAILURES) as error:
            reason = describe_error(error)
        if on_failure == "DO_NOTHING":
            stack.set_status("CREATE_FAILED", reason)
            return
        verb = "DELETE" if on_failure == "DELETE" else "ROLLBACK"
        stack.set_status(f"{verb}_IN_PROGRESS", f"{reason}. Rollback requested by user.")
        clean = self._delete_all(version)
        stack.set_status(f"{verb}_COMPLETE" if clean else f"{verb}_FAILED")
        if verb == "DELETE" and clean:
            stack.deleted = now()

    def update(self, version: Version, *, roll_back: bool) -> None:
        """Bring the stack to `version`, or back to what it was."""
        stack = self._stack
        previous, outputs = stack.version, stack.outputs
        assert previous is not None
        stack.set_status("UPDATE_IN_PROGRESS", "User Initiated")
        stack.updated = now()
        stack.version = version
        try:
            self._apply(version, previous.tags)
        except (ResourceFailed, *FAILURES) as error:
            self._roll_back(previous, outputs, describe_error(error), roll_back=roll_back)
            return
        stack.set_status("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        self._clean_up(version, previous)
        stack.set_status("UPDATE_COMPLETE")

    def delete(self, retain: frozenset[str] = frozenset()) -> None:
        """Delete every resource that is not retained, by its policy or by being named in `retain`."""
        stack = self._stack
        version = stack.version
        stack.set_status("DELETE_IN_PROGRESS", "User Initiated")
        if version is None or self._delete_all(version, retain):
            stack.outputs = {}
            stack.deleted = now()
            stack.set_status("DELETE_COMPLETE")
        else:
            failed = [name for name, item in stack.resources.items() if item.status == "DELETE_FAILED"]
            stack.set_status("DELETE_FAILED", f"The following resource(s) failed to delete: [{', '.join(failed)}].")

    def _apply(self, version: Version, previous_tags: Tags) -> None:
        scope = self._context.scope(self._stack, version)
        for logical_id, definition in active_definitions(version, scope).items():
            current = self._stack.resources.get(logical_id)
            if current is None or current.type != definition["Type"] or not _is_made(current):
                self._create_resource(logical_id, definition, scope, version)
            else:
                self._update_resource(current, definition, scope, version, previous_tags)
        outputs = resolve_outputs(version, scope)
        self._context.check_exports(self._stack, outputs)
        self._stack.outputs = outputs

    def _create_resource(self, logical_id: str, definition: ResourceDefinition, scope: Scope, version: Version) -> None:
        stack = self._stack
        before = stack.resources.get(logical_id)
        resource = Resource(logical_id, definition["Type"], definition)
        stack.resources[logical_id] = resource
        stack.set_resource(resource, "CREATE_IN_PROGRESS")
        try:
            resource.properties = scope.resolve_object(definition.get("Properties", {}))
            request = self._context.request(stack, resource, version.tags, {})
            with named_failures(resource):
                outcome = provider_for(resource.type).create(request, resource.properties)
        except FAILURES as error:
            # A custom resource that answered FAILED may still have to be deleted.
            resource.physical_id = getattr(error, "physical_id", None)
            stack.set_resource(resource, "CREATE_FAILED", describe_error(error))
            self._steps.append(Step(logical_id, lambda: self._undo_create(resource, before, version.tags)))
            raise ResourceFailed(f"The following resource(s) failed to create: [{logical_id}]") from error
        resource.physical_id, resource.attributes = outcome.physical_id, dict(outcome.attributes)
        stack.set_resource(resource, "CREATE_COMPLETE")
        self._steps.append(Step(logical_id, lambda: self._undo_create(resource, before, version.tags)))
        if before is not None and before.physical_id is not None:
            self._replaced.append((before, version.tags))

    def _undo_create(self, resource: Resource, before: Resource | None, tags: Tags) -> None:
        if resource.physical_id is not None:
            if before is None:
                self._drop(resource, tags, created=True)
            else:
                self._delete_resource(resource, tags)
        if before is None:
            self._stack.resources.pop(resource.logical_id, None)
        else:
            self._stack.resources[resource.logical_id] = before

    def _update_resource(
        self, resource: Resource, definition: ResourceDefinition, scope: Scope, version: Version, previous_tags: Tags
    ) -> None:
        stack, before = self._stack, replace(resource)
        provider = provider_for(resource.type)
        properties = scope.resolve_object(definition.get("Properties", {}))
        resource.definition = definition
        if properties == before.properties and (version.tags == previous_tags or not provider.taggable):
            return
        stack.set_resource(resource, "UPDATE_IN_PROGRESS")
        assert resource.physical_id is not None
        try:
            request = self._context.request(stack, resource, version.tags, previous_tags)
            with named_failures(resource):
                outcome = provider.update(request, resource.physical_id, properties, before.properties)
        except FAILURES as error:
            stack.set_resource(resource, "UPDATE_FAILED", describe_error(error))
            self._steps.append(Step(resource.logical_id, lambda: self._undo_update(before, properties, previous_tags)))
            raise ResourceFailed(f"The following resource(s) failed to update: [{resource.logical_id}]") from error
        resource.properties, resource.attributes = properties, dict(outcome.attributes)
        resource.physical_id = outcome.physical_id
        stack.set_resource(resource, "UPDATE_COMPLETE")
        if outcome.physical_id != before.physical_id:
            self._replaced.append((before, previous_tags))
            self._steps.append(Step(resource.logical_id, lambda: self._undo_create(resource, before, version.tags)))
        else:
            self._steps.append(Step(resource.logical_id, lambda: self._undo_update(before, properties, previous_tags)))

    def _undo_update(self, before: Resource, applied: JsonObject, tags: Tags) -> None:
        self._stack.resources[before.logical_id] = before
        self._stack.set_resource(before, "UPDATE_IN_PROGRESS")
        assert before.physical_id and self._stack.version
        request = self._context.request(self._stack, before, tags, self._stack.version.tags)
        known, provider = Outcome(before.physical_id, before.attributes), provider_for(before.type)
        outcome = provider.undo(request, known, before.properties, applied)
        before.physical_id, before.attributes = outcome.physical_id, dict(outcome.attributes)
        self._stack.set_resource(before, "UPDATE_COMPLETE")

    def _roll_back(self, previous: Version, outputs: dict[str, Output], reason: str, *, roll_back: bool) -> None:
        stack = self._stack
        if not roll_back:
            stack.set_status("UPDATE_FAILED", reason)
            return
        stack.set_status("UPDATE_ROLLBACK_IN_PROGRESS", reason)
        for step in reversed(self._steps):
            try:
                step.undo()
            except FAILURES as error:
                stack.set_resource(stack.resources[step.logical_id], "UPDATE_FAILED", describe_error(error))
                stack.set_status("UPDATE_ROLLBACK_FAILED", f"[{step.logical_id}] could not be rolled back")
                return
        stack.version, stack.outputs = previous, outputs
        stack.set_status("UPDATE_ROLLBACK_COMPLETE")

    def _clean_up(self, version: Version, previous: Version) -> None:
        stack = self._stack
        for old, tags in reversed(self._replaced):
            if old.definition.get("UpdateReplacePolicy", "Delete") == "Delete":
                self._delete_resource(old, tags)
        wanted = active_definitions(version, self._context.scope(stack, version))
        scope = self._context.scope(stack, previous)
        definitions = {name: item.definition for name, item in stack.resources.items() if name not in wanted}
        for logical_id in reversed(dependency_order_of_existing(definitions, scope)):
            self._drop(stack.resources[logical_id], previous.tags)

    def _delete_all(self, version: Version, retain: frozenset[str] = frozenset()) -> bool:
        def delete(resource: Resource) -> bool:
            if resource.logical_id in retain:
                self._stack.set_resource(resource, "DELETE_SKIPPED")
            elif resource.physical_id is not None and resource.status != "DELETE_COMPLETE":
                return self._drop(resource, version.tags)
            return True

        return delete_in_order(self._stack.resources, self._context.scope(self._stack, version), delete)

    def _drop(self, resource: Resource, tags: Tags, *, created: bool = False) -> bool:
        """Delete it unless its policy retains it. `created`: by the operation that is being rolled back."""
        created = created or resource.status == "CREATE_FAILED" or self._stack.status == "ROLLBACK_IN_PROGRESS"
        if is_retained(resource, created=created):
            self._stack.set_resource(resource, "DELETE_SKIPPED")
            return True
        done = self._delete_resource(resource, tags)
        if done and self._stack.status.startswith("UPDATE"):
            self._stack.resources.pop(resource.logical_id, None)
        return done

    def _delete_resource(self, resource: Resource, tags: Tags) -> bool:
        assert resource.physical_id is not None
        self._stack.set_resource(resource, "DELETE_IN_PROGRESS")
        try:
            request = self._context.request(self._stack, resource, tags, {})
            with named_failures(resource):
                provider_for(resource.type).delete(request, resource.physical_id, resource.properties)
        except FAILURES as error:
            self._stack.set_resource(resource, "DELETE_FAILED", describe_error(error))
            return False
        self._stack.set_resource(resource, "DELETE_COMPLETE")
        return True


def _is_made(resource: Resource) -> bool:
    """False for a resource that a create without rollback has left uncreated or incomplete."""
    return resource.physical_id is not None and resource.status != "CREATE_FAILED"
