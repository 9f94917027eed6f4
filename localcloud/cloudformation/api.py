"""The CloudFormation API's operations on stacks, their contents and templates."""

from __future__ import annotations

from localcloud.cloudformation import requests, views
from localcloud.cloudformation.change_sets import ChangeSetsApi
from localcloud.cloudformation.engine import Engine
from localcloud.cloudformation.stacks import Version
from localcloud.cloudformation.template import parse_template, validation_error
from localcloud.cloudformation.versions import Versions, apply_settings, same
from localcloud.context import Cloud
from localcloud.errors import AwsError

Answer = dict[str, object]


class CloudFormationApi:
    """One method per operation, named like boto3's; requests and answers are as the service model has them."""

    def __init__(self, cloud: Cloud, engine: Engine, change_sets: ChangeSetsApi) -> None:
        self._engine = engine
        self._change_sets = change_sets
        self._versions = Versions(cloud)

    # Stacks

    def create_stack(self, request: requests.CreateStack) -> Answer:
        with self._engine.lock:
            if self._engine.find_or_none(request["StackName"]):
                raise AwsError("AlreadyExistsException", f"Stack [{request['StackName']}] already exists")
            version = self._versions.read(request, None)
            stack = self._engine.new_stack(request["StackName"], "CREATE_IN_PROGRESS")
            apply_settings(stack, request)
            default = "DO_NOTHING" if stack.disable_rollback else "ROLLBACK"
            on_failure = request.get("OnFailure", default)
        self._engine.run(stack, lambda operation: operation.create(version, on_failure))
        return {"StackId": stack.arn}

    def update_stack(self, request: requests.StackRequest) -> Answer:
        with self._engine.lock:
            stack = self._engine.idle(request["StackName"])
            version = self._versions.read(request, stack.version, stack.role_arn)
            if same(stack, version):
                raise validation_error("No updates are to be performed.")
            apply_settings(stack, request)
            stack.status = "UPDATE_IN_PROGRESS"
        roll_back = not stack.disable_rollback
        self._engine.run(stack, lambda operation: operation.update(version, roll_back=roll_back))
        return {"StackId": stack.arn}

    def delete_stack(self, request: requests.DeleteStack) -> None:
        with self._engine.lock:
            try:
                stack = self._engine.find(request["StackName"])
            except AwsError:
                return  # AWS reports success for a stack that does not exist
            if stack.deleted is not None:
                return
            if stack.termination_protection:
                raise validation_error(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
            stack = self._engine.idle(request["StackName"], deleting=True)
            self._engine.check_exports(stack, {})
            stack.token = request.get("ClientRequestToken")
            stack.status = "DELETE_IN_PROGRESS"
        retain = frozenset(request.get("RetainResources", ()))
        self._engine.run(stack, lambda operation: operation.delete(retain))

    def describe_stacks(self, request: requests.DescribeStacks) -> Answer:
        if "StackName" in request:
            return {"Stacks": [views.stack(self._engine.find(request["StackName"]))]}
        return {"Stacks": [views.stack(stack) for stack in self._engine.stacks if stack.deleted is None]}

    def list_stacks(self, request: requests.ListStacks) -> Answer:
        wanted = request.get("StackStatusFilter")
        stacks = [stack for stack in reversed(self._engine.stacks) if not wanted or stack.status in wanted]
        return {"StackSummaries": [views.stack_summary(stack) for stack in stacks]}

    def update_termination_protection(self, request: requests.SetTerminationProtection) -> Answer:
        stack = self._engine.find(request["StackName"])
        stack.termination_protection = request["EnableTerminationProtection"]
        return {"StackId": stack.arn}

    # What is in a stack

    def describe_stack_events(self, request: requests.StackReference) -> Answer:
        stack = self._engine.find(request["StackName"])
        return {"StackEvents": [views.event(stack, event) for event in reversed(stack.events)]}

    def describe_stack_resources(self, request: requests.DescribeResources) -> Answer:
        stack = self._engine.find(request["StackName"])
        wanted = request.get("LogicalResourceId")
        resources = [item for name, item in stack.resources.items() if wanted in (None, name)]
        return {"StackResources": [views.resource(stack, item) for item in resources]}

    def describe_stack_resource(self, request: requests.DescribeResource) -> Answer:
        stack = self._engine.find(request["StackName"])
        name = request["LogicalResourceId"]
        if name not in stack.resources:
            raise validation_error(f"Resource {name} does not exist for stack {stack.name}")
        return {"StackResourceDetail": views.resource_detail(stack, stack.resources[name])}

    def list_stack_resources(self, request: requests.StackReference) -> Answer:
        stack = self._engine.find(request["StackName"])
        return {"StackResourceSummaries": [views.resource_summary(item) for item in stack.resources.values()]}

    def list_exports(self, request: object) -> Answer:
        exports = sorted(self._engine.exports().items())
        return {
            "Exports": [
                {"ExportingStackId": stack.arn, "Name": name, "Value": value} for name, (stack, value) in exports
            ]
        }

    def list_imports(self, request: requests.ExportReference) -> Answer:
        importers = self._engine.importers(request["ExportName"])
        if not importers:
            raise validation_error(f"Export '{request['ExportName']}' is not imported by any stack.")
        return {"Imports": importers}

    # Templates

    def get_template(self, request: requests.GetTemplate) -> Answer:
        version: Version | None
        if "ChangeSetName" in request:
            version = self._change_sets.find(request["ChangeSetName"], request.get("StackName"))[1].version
        else:
            version = self._engine.find(request["StackName"]).version
        body = version.body if version else "{}"
        return {"TemplateBody": body, "StagesAvailable": ["Original", "Processed"]}

    def get_template_summary(self, request: requests.TemplateRequest) -> Answer:
        if "StackName" in request:
            version = self._engine.find(request["StackName"]).version
            return views.template_summary(version.template if version else {"Resources": {}})
        return views.template_summary(parse_template(self._versions.body(request, None)))

    def validate_template(self, request: requests.TemplateSource) -> Answer:
        template = parse_template(self._versions.body(request, None))
        return views.template_validation(template)
