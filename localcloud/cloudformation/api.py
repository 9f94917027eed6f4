"""The CloudFormation API: requests in, stacks and change sets out."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlparse

from localcloud.cloudformation import views
from localcloud.cloudformation.engine import Engine
from localcloud.cloudformation.parameters import parameter_values
from localcloud.cloudformation.planning import planned_changes
from localcloud.cloudformation.stacks import ChangeSet, Stack, Version
from localcloud.cloudformation.template import parse_template, validation_error
from localcloud.context import Cloud
from localcloud.errors import AwsError

Parameters = dict[str, Any]
_NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."


class CloudFormationApi:
    """One method an operation, named like boto3's; `parameters` are as the service model has them."""

    def __init__(self, cloud: Cloud, engine: Engine) -> None:
        self._cloud = cloud
        self._engine = engine

    # Stacks

    def create_stack(self, parameters: Parameters) -> Parameters:
        with self._engine.lock:
            if self._engine.find_or_none(parameters["StackName"]):
                raise AwsError("AlreadyExistsException", f"Stack [{parameters['StackName']}] already exists")
            version = self._version(parameters, None)
            stack = self._engine.new_stack(parameters["StackName"], "CREATE_IN_PROGRESS")
            self._settings(stack, parameters)
            default = "DO_NOTHING" if stack.disable_rollback else "ROLLBACK"
            on_failure = parameters.get("OnFailure", default)
        self._engine.run(stack, lambda operation: operation.create(version, on_failure))
        return {"StackId": stack.arn}

    def update_stack(self, parameters: Parameters) -> Parameters:
        with self._engine.lock:
            stack = self._idle(parameters["StackName"])
            version = self._version(parameters, stack.version)
            if _same(stack.version, version):
                raise validation_error("No updates are to be performed.")
            self._settings(stack, parameters)
            stack.status = "UPDATE_IN_PROGRESS"
        roll_back = not stack.disable_rollback
        self._engine.run(stack, lambda operation: operation.update(version, roll_back=roll_back))
        return {"StackId": stack.arn}

    def delete_stack(self, parameters: Parameters) -> None:
        with self._engine.lock:
            try:
                stack = self._engine.find(parameters["StackName"])
            except AwsError:
                return  # AWS answers success for a stack that is not there
            if stack.deleted is not None:
                return
            if stack.termination_protection:
                raise validation_error(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
            stack = self._idle(parameters["StackName"], also="FAILED")
            self._engine.check_exports(stack, {})
            stack.token = parameters.get("ClientRequestToken")
            stack.status = "DELETE_IN_PROGRESS"
        self._engine.run(stack, lambda operation: operation.delete())

    def describe_stacks(self, parameters: Parameters) -> Parameters:
        if "StackName" in parameters:
            return {"Stacks": [views.stack(self._engine.find(parameters["StackName"]))]}
        return {"Stacks": [views.stack(stack) for stack in self._engine.stacks if stack.deleted is None]}

    def list_stacks(self, parameters: Parameters) -> Parameters:
        wanted = parameters.get("StackStatusFilter")
        stacks = [stack for stack in reversed(self._engine.stacks) if not wanted or stack.status in wanted]
        return {"StackSummaries": [views.stack_summary(stack) for stack in stacks]}

    def update_termination_protection(self, parameters: Parameters) -> Parameters:
        stack = self._engine.find(parameters["StackName"])
        stack.termination_protection = parameters["EnableTerminationProtection"]
        return {"StackId": stack.arn}

    # What is in a stack

    def describe_stack_events(self, parameters: Parameters) -> Parameters:
        stack = self._engine.find(parameters["StackName"])
        return {"StackEvents": [views.event(stack, event) for event in reversed(stack.events)]}

    def describe_stack_resources(self, parameters: Parameters) -> Parameters:
        stack = self._engine.find(parameters["StackName"])
        wanted = parameters.get("LogicalResourceId")
        resources = [item for name, item in stack.resources.items() if wanted in (None, name)]
        return {"StackResources": [views.resource(stack, item) for item in resources]}

    def describe_stack_resource(self, parameters: Parameters) -> Parameters:
        stack = self._engine.find(parameters["StackName"])
        name = parameters["LogicalResourceId"]
        if name not in stack.resources:
            raise validation_error(f"Resource {name} does not exist for stack {stack.name}")
        return {"StackResourceDetail": views.resource_detail(stack, stack.resources[name])}

    def list_stack_resources(self, parameters: Parameters) -> Parameters:
        stack = self._engine.find(parameters["StackName"])
        return {"StackResourceSummaries": [views.resource_summary(item) for item in stack.resources.values()]}

    def list_exports(self, parameters: Parameters) -> Parameters:
        exports = sorted(self._engine.exports().items())
        return {
            "Exports": [
                {"ExportingStackId": stack.arn, "Name": name, "Value": value} for name, (stack, value) in exports
            ]
        }

    def list_imports(self, parameters: Parameters) -> Parameters:
        importers = self._engine.importers(parameters["ExportName"])
        if not importers:
            raise validation_error(f"Export '{parameters['ExportName']}' is not imported by any stack.")
        return {"Imports": importers}

    # Templates

    def get_template(self, parameters: Parameters) -> Parameters:
        version: Version | None
        if "ChangeSetName" in parameters:
            version = self._change_set(parameters)[1].version
        else:
            version = self._engine.find(parameters["StackName"]).version
        body = version.body if version else "{}"
        return {"TemplateBody": body, "StagesAvailable": ["Original", "Processed"]}

    def get_template_summary(self, parameters: Parameters) -> Parameters:
        if "StackName" in parameters:
            version = self._engine.find(parameters["StackName"]).version
            return views.template_summary(version.template if version else {"Resources": {}})
        return views.template_summary(parse_template(self._body(parameters, None)))

    def validate_template(self, parameters: Parameters) -> Parameters:
        template = parse_template(self._body(parameters, None))
        return views.template_validation(template)

    # Change sets

    def create_change_set(self, parameters: Parameters) -> Parameters:
        if parameters.get("ChangeSetType") == "IMPORT" or parameters.get("ResourcesToImport"):
            raise AwsError(
                "NotImplemented", "localcloud does not emulate cloudformation:CreateChangeSet of type IMPORT"
            )
        with self._engine.lock:
            stack = self._stack_for_change_set(parameters)
            version = self._version(parameters, stack.version)
            self._settings(stack, parameters)
            changes = planned_changes(stack, version, self._engine.scope(stack, version))
            empty = stack.version is not None and _same(stack.version, version)
            region, account = self._cloud.region, self._cloud.account_id
            name = parameters["ChangeSetName"]
            change_set = ChangeSet(
                name=name,
                arn=f"arn:aws:cloudformation:{region}:{account}:changeSet/{name}/{uuid.uuid4()}",
                kind=parameters.get("ChangeSetType", "UPDATE"),
                version=version,
                changes=changes,
                status="FAILED" if empty else "CREATE_COMPLETE",
                reason=_NO_CHANGES if empty else None,
                description=parameters.get("Description"),
                execution_status="UNAVAILABLE" if empty else "AVAILABLE",
                on_failure=parameters.get("OnStackFailure"),
            )
            stack.change_sets[name] = change_set
        return {"Id": change_set.arn, "StackId": stack.arn}

    def describe_change_set(self, parameters: Parameters) -> Parameters:
        return views.change_set(*self._change_set(parameters))

    def list_change_sets(self, parameters: Parameters) -> Parameters:
        stack = self._engine.find(parameters["StackName"])
        return {"Summaries": [views.change_set_summary(stack, item) for item in stack.change_sets.values()]}

    def delete_change_set(self, parameters: Parameters) -> None:
        try:
            stack, change_set = self._change_set(parameters)
        except AwsError:
            return  # AWS answers success, and the CDK CLI relies on it
        del stack.change_sets[change_set.name]

    def execute_change_set(self, parameters: Parameters) -> None:
        with self._engine.lock:
            stack, change_set = self._change_set(parameters)
            if change_set.execution_status != "AVAILABLE":
                raise AwsError(
                    "InvalidChangeSetStatus",
                    f"ChangeSet [{change_set.arn}] cannot be executed in its current status of [{change_set.status}]",
                )
            creating = stack.status == "REVIEW_IN_PROGRESS"
            if not creating:
                self._idle(stack.name)
            stack.token = parameters.get("ClientRequestToken")
            stack.disable_rollback = bool(parameters.get("DisableRollback", False))
            stack.status = "CREATE_IN_PROGRESS" if creating else "UPDATE_IN_PROGRESS"
            stack.change_sets.clear()
        roll_back = not stack.disable_rollback
        if creating:
            on_failure = change_set.on_failure or ("ROLLBACK" if roll_back else "DO_NOTHING")
            self._engine.run(stack, lambda operation: operation.create(change_set.version, on_failure))
        else:
            self._engine.run(stack, lambda operation: operation.update(change_set.version, roll_back=roll_back))

    # Helpers

    def _stack_for_change_set(self, parameters: Parameters) -> Stack:
        name, kind = parameters["StackName"], parameters.get("ChangeSetType", "UPDATE")
        existing = self._engine.find_or_none(name) if not name.startswith("arn:") else self._engine.find(name)
        if kind == "CREATE":
            if existing is not None and existing.status != "REVIEW_IN_PROGRESS":
                raise validation_error(f"Stack [{name}] already exists and cannot be created again with the changeSet")
            return existing or self._engine.new_stack(name, "REVIEW_IN_PROGRESS")
        if existing is None:
            raise validation_error(f"Stack [{name}] does not exist")
        return self._idle(existing.arn)

    def _idle(self, name: str, also: str = "") -> Stack:
        stack = self._engine.find(name)
        if stack.busy:
            raise validation_error(f"Stack:{stack.arn} is in {stack.status} state and can not be updated.")
        usable = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_FAILED", "CREATE_FAILED")
        if stack.status not in (*usable, "REVIEW_IN_PROGRESS") and not also:
            raise validation_error(f"Stack:{stack.arn} is in {stack.status} state and can not be updated.")
        return stack

    def _change_set(self, parameters: Parameters) -> tuple[Stack, ChangeSet]:
        name = parameters["ChangeSetName"]
        for stack in self._engine.stacks:
            if "StackName" in parameters and parameters["StackName"] not in (stack.name, stack.arn):
                continue
            for change_set in stack.change_sets.values():
                if name in (change_set.name, change_set.arn):
                    return stack, change_set
        raise AwsError("ChangeSetNotFound", f"ChangeSet [{name}] does not exist", 404)

    @staticmethod
    def _settings(stack: Stack, parameters: Parameters) -> None:
        if parameters.get("NotificationARNs"):
            raise AwsError("NotImplemented", "localcloud does not emulate notifications about stack events")
        stack.token = parameters.get("ClientRequestToken", parameters.get("ClientToken"))
        stack.role_arn = parameters.get("RoleARN", stack.role_arn)
        stack.disable_rollback = bool(parameters.get("DisableRollback", stack.disable_rollback))
        stack.termination_protection = bool(parameters.get("EnableTerminationProtection", stack.termination_protection))

    def _version(self, parameters: Parameters, previous: Version | None) -> Version:
        body = self._body(parameters, previous)
        template = parse_template(body)
        texts, values = parameter_values(
            template, parameters.get("Parameters", []), previous.parameter_texts if previous else {}, self._read_ssm
        )
        if "Tags" in parameters or previous is None:
            tags = {item["Key"]: item["Value"] for item in parameters.get("Tags", [])}
        else:
            tags = previous.tags
        version = Version(body, template, texts, values, tags, parameters.get("Capabilities", []))
        self._check_capabilities(version)
        return version

    @staticmethod
    def _check_capabilities(version: Version) -> None:
        makes_iam = any(body["Type"].startswith("AWS::IAM::") for body in version.template["Resources"].values())
        if makes_iam and not {"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"} & set(version.capabilities):
            raise AwsError("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_NAMED_IAM]")

    def _body(self, parameters: Parameters, previous: Version | None) -> str:
        if parameters.get("UsePreviousTemplate") and previous is not None:
            return previous.body
        if "TemplateBody" in parameters:
            return parameters["TemplateBody"]
        if "TemplateURL" in parameters:
            return self._download(parameters["TemplateURL"])
        raise validation_error("Either Template URL or Template Body must be specified.")

    def _download(self, url: str) -> str:
        parsed = urlparse(url)
        host, path = parsed.hostname or "", unquote(parsed.path.lstrip("/"))
        first = host.split(".", 1)[0]
        if first in ("localhost", "s3") or first.startswith("s3-"):
            bucket, _, key = path.partition("/")
        else:
            bucket, key = first, path
        answer = self._cloud.client("s3").get_object(Bucket=bucket, Key=key)
        return answer["Body"].read().decode()

    def _read_ssm(self, name: str) -> str:
        return self._cloud.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]


def _same(left: Version | None, right: Version) -> bool:
    def essence(version: Version) -> str:
        template: Mapping[str, Any] = {
            k: v for k, v in version.template.items() if k not in ("Metadata", "Description")
        }
        return json.dumps([template, version.parameter_texts, version.tags], sort_keys=True)

    return left is not None and essence(left) == essence(right)
