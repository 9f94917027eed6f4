"""What CloudFormation itself would change: a change set per stack, described and deleted, never executed."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from kennel.cloud import create_only
from kennel.cloud.assembly import Stack
from kennel.cloud.session import Session

MAX_INLINE_BYTES = 51_200
"""Of a template in a request; larger ones are read from S3."""
MAX_SECONDS = 300
_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
UNKNOWN = "Unknown"
"""Replacement of a change of which only the templates say something, and not of this."""
_SHELL = "REVIEW_IN_PROGRESS"


@dataclass(frozen=True)
class Change:
    """One resource of a change set. `replacement`: True, False, Conditional or UNKNOWN; `policy` is for the old one."""

    stack: str
    action: str
    resource: str
    kind: str
    physical_id: str = ""
    replacement: str = "False"
    policy: str = ""
    because: tuple[str, ...] = ()
    """The properties that force a replacement."""


@dataclass(frozen=True)
class Plan:
    """What a deploy would do to one stack. `error` is CloudFormation's reason for refusing the change set.

    `missing` names exports that it imports and that no stack has yet: CloudFormation cannot plan such a stack, and
    `changes` come from comparing its templates, which say what may be replaced.
    """

    stack: Stack
    exists: bool
    changes: tuple[Change, ...] = ()
    error: str = ""
    missing: tuple[str, ...] = ()


class Planner:
    """Plans the stacks of an assembly with the CDK's own roles, as the CDK CLI does.

    `templates_only`: nothing is asked but the deployed templates, so that credentials which may only read suffice.
    """

    def __init__(self, session: Session, *, templates_only: bool = False) -> None:
        self._session = session
        self._templates_only = templates_only
        self._found: dict[str, dict[str, Any] | None] = {}
        self._templates: dict[str, Any] = {}

    def deployed(self, stack: Stack) -> dict[str, Any] | None:
        """CloudFormation's description of the stack, or None when there is none (or an empty shell of one)."""
        if stack.name not in self._found:
            self._found[stack.name] = self._describe(stack)
        return self._found[stack.name]

    def _describe(self, stack: Stack) -> dict[str, Any] | None:
        try:
            (found,) = self._client(stack).describe_stacks(StackName=stack.name)["Stacks"]
        except ClientError as error:
            if "does not exist" not in error.response["Error"]["Message"]:
                raise
            return None
        return None if found["StackStatus"] == _SHELL else dict(found)

    def deployed_template(self, stack: Stack) -> Any:
        """The template as it was deployed last, or None."""
        if self.deployed(stack) is None:
            return None
        if stack.name not in self._templates:
            answer = self._client(stack).get_template(StackName=stack.name, TemplateStage="Original")
            self._templates[stack.name] = answer["TemplateBody"]
        return self._templates[stack.name]

    def plan(self, stack: Stack, stacks: Sequence[Stack]) -> Plan:
        """The change set of one of `stacks`; a stack that is not deployed is left as if nothing had been asked."""
        found = self.deployed(stack)
        if self._templates_only:
            return Plan(stack, found is not None, tuple(compared(stack, self.deployed_template(stack))))
        missing = sorted(stack.imports - self._exported(stacks))
        if missing:
            changes = tuple(compared(stack, self.deployed_template(stack)))
            return Plan(stack, found is not None, changes, missing=tuple(missing))
        client, name = self._client(stack), f"kennel-{uuid.uuid4().hex[:16]}"
        try:
            self._create(client, stack, name, found)
            changes, error = _described(client, stack.name, name)
        finally:
            self._clean_up(client, stack.name, name, shell=found is None)
        return Plan(stack, found is not None, changes, error)

    def _create(self, client: Any, stack: Stack, name: str, found: dict[str, Any] | None) -> None:
        # What a deploy leaves as it is, such as the endpoint's switch.
        kept = [item["ParameterKey"] for item in (found or {}).get("Parameters", ())]
        client.create_change_set(
            StackName=stack.name,
            ChangeSetName=name,
            ChangeSetType="CREATE" if found is None else "UPDATE",
            RoleARN=stack.execution_role,
            Capabilities=_CAPABILITIES,
            Tags=[{"Key": key, "Value": value} for key, value in stack.tags],
            Parameters=[
                {"ParameterKey": key, "UsePreviousValue": True}
                for key in kept
                if key in stack.template.get("Parameters", {})
            ],
            **self._template(stack),
        )

    def _template(self, stack: Stack) -> dict[str, str]:
        if len(stack.body.encode()) <= MAX_INLINE_BYTES:
            return {"TemplateBody": stack.body}
        s3 = self._session.client_as("s3", stack.publishing_role)
        # Where the CDK CLI uploads the same bytes to.
        s3.put_object(Bucket=stack.bucket, Key=stack.key, Body=stack.body.encode())
        return {"TemplateURL": f"{s3.meta.endpoint_url}/{stack.bucket}/{stack.key}"}

    def exported_by(self, stack: Stack) -> set[str]:
        """The names of what the deployed stack exports."""
        outputs = (self.deployed(stack) or {}).get("Outputs", ())
        return {item["ExportName"] for item in outputs if "ExportName" in item}

    def importers(self, stack: Stack, export: str) -> set[str]:
        """The names of the stacks that import an export of `stack`."""
        return importers(self._client(stack), export)

    def _exported(self, stacks: Sequence[Stack]) -> set[str]:
        return set().union(*(self.exported_by(stack) for stack in stacks))

    def _clean_up(self, client: Any, stack: str, change_set: str, *, shell: bool) -> None:
        client.delete_change_set(StackName=stack, ChangeSetName=change_set)
        if not shell:
            return
        try:
            (found,) = client.describe_stacks(StackName=stack)["Stacks"]
        except ClientError:
            return  # CreateChangeSet was refused, and made nothing
        if found["StackStatus"] == _SHELL:
            client.delete_stack(StackName=stack)

    def _client(self, stack: Stack) -> Any:
        return self._session.client_as("cloudformation", stack.deploy_role)


def importers(client: Any, export: str) -> set[str]:
    """The names of the stacks that import an export, by a CloudFormation `client`."""
    try:
        pages = client.get_paginator("list_imports").paginate(ExportName=export)
        return {name for page in pages for name in page["Imports"]}
    except ClientError as error:
        if "not imported by any stack" not in error.response["Error"]["Message"]:
            raise
        return set()


def compared(stack: Stack, deployed: Any) -> Iterator[Change]:
    """What differs between the deployed template (None: nothing is deployed) and the new one."""
    before, after = ((template or {}).get("Resources", {}) for template in (deployed, stack.template))
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if new is None:
            policy = old.get("DeletionPolicy", "Delete").removesuffix("ExceptOnCreate")
            yield Change(stack.name, "Remove", name, old["Type"], policy=policy)
        elif old is None:
            yield Change(stack.name, "Add", name, new["Type"])
        elif (properties := old.get("Properties", {})) != new.get("Properties", {}):
            names = create_only.changed(new["Type"], properties, new.get("Properties", {}))
            # Another text may stand for the same value.
            replacement = UNKNOWN if names is None else "Conditional" if names else "False"
            policy = f"ReplaceAnd{new.get('UpdateReplacePolicy', 'Delete')}" if names else ""
            yield Change(stack.name, "Modify", name, new["Type"], "", replacement, policy, names or ())


def _described(client: Any, stack: str, name: str) -> tuple[tuple[Change, ...], str]:
    """Its changes, and why it failed."""
    deadline = time.monotonic() + MAX_SECONDS
    while True:
        answer = client.describe_change_set(StackName=stack, ChangeSetName=name)
        if answer["Status"] not in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
            break
        if time.monotonic() > deadline:
            return (), f"the change set was not ready after {MAX_SECONDS} seconds"
        time.sleep(1)
    if answer["Status"] == "FAILED":
        reason = answer.get("StatusReason", "no reason is given")
        return (), "" if any(words in reason for words in _NO_CHANGES) else reason
    changes = list(answer["Changes"])
    while answer.get("NextToken"):
        answer = client.describe_change_set(StackName=stack, ChangeSetName=name, NextToken=answer["NextToken"])
        changes += answer["Changes"]
    return tuple(_change(stack, item["ResourceChange"]) for item in changes if item["Type"] == "Resource"), ""


def _change(stack: str, item: dict[str, Any]) -> Change:
    targets = [detail["Target"] for detail in item.get("Details", ())]
    because = {
        target.get("Name", target["Attribute"])
        for target in targets
        if target.get("RequiresRecreation", "Never") != "Never"
    }
    return Change(
        stack=stack,
        action=item["Action"],
        resource=item["LogicalResourceId"],
        kind=item["ResourceType"],
        physical_id=item.get("PhysicalResourceId", ""),
        replacement=item.get("Replacement", "False"),
        policy=item.get("PolicyAction", ""),
        because=tuple(sorted(because)),
    )
