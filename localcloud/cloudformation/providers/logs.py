"""CloudWatch Logs: groups, streams, metric filters and resource policies."""

from __future__ import annotations

from localcloud.cloudformation.providers.api_resource import ApiResource, Tagging
from localcloud.cloudformation.providers.base import (
    AnyProvider,
    Outcome,
    RefusedChangeError,
    Request,
    changed_names,
)
from localcloud.json_types import JsonObject


class LogGroup(ApiResource):
    """AWS::Logs::LogGroup; retention, and a changed key, are set by separate calls."""

    def replaces(self, changed: set[str]) -> bool:
        return "LogGroupName" in changed

    def create(self, request: Request, properties: JsonObject) -> Outcome:
        outcome = super().create(request, {k: v for k, v in properties.items() if k != "RetentionInDays"})
        self._retain(request, outcome.physical_id, properties)
        return outcome

    def update(self, request: Request, physical_id: str, properties: JsonObject, previous: JsonObject) -> Outcome:
        changed = changed_names(properties, previous)
        if self.replaces(changed):
            return self.create(request, properties)
        if "LogGroupClass" in changed:
            raise RefusedChangeError("LogGroupClass of a log group has no update in CloudFormation.")
        self._retain(request, physical_id, properties)
        if "KmsKeyId" in changed:
            logs, key = request.client("logs"), properties.get("KmsKeyId")
            if key is None:
                logs.disassociate_kms_key(logGroupName=physical_id)
            else:
                logs.associate_kms_key(logGroupName=physical_id, kmsKeyId=key)
        self._retag(request, physical_id, properties, previous)
        return self.outcome(request.client, physical_id, properties)

    @staticmethod
    def _retain(request: Request, name: str, properties: JsonObject) -> None:
        logs = request.client("logs")
        if "RetentionInDays" in properties:
            logs.put_retention_policy(logGroupName=name, retentionInDays=int(str(properties["RetentionInDays"])))
        else:
            logs.delete_retention_policy(logGroupName=name)


PROVIDERS: dict[str, AnyProvider] = {
    "AWS::Logs::LogGroup": LogGroup(
        service="logs",
        create_operation="CreateLogGroup",
        read_operation="DescribeLogGroups",
        delete_operation="DeleteLogGroup",
        identifier="logGroupName",
        read_by="logGroupNamePrefix",
        name_property="LogGroupName",
        name_limit=512,
        found="logGroups[?logGroupName=='{id}']",
        attributes={"Arn": "logGroups[?logGroupName=='{id}'].arn | [0]"},
        tagging=Tagging(
            "TagResource",
            "UntagResource",
            "resourceArn",
            "logGroups[?logGroupName=='{id}'].logGroupArn | [0]",
            "tagKeys",
        ),
    ),
    "AWS::Logs::LogStream": ApiResource(
        service="logs",
        create_operation="CreateLogStream",
        read_operation="DescribeLogStreams",
        delete_operation="DeleteLogStream",
        identifier="logStreamName",
        read_by="logStreamNamePrefix",
        scope={"logGroupName": "LogGroupName"},
        name_property="LogStreamName",
        found="logStreams[?logStreamName=='{id}']",
    ),
    "AWS::Logs::MetricFilter": ApiResource(
        service="logs",
        create_operation="PutMetricFilter",
        read_operation="DescribeMetricFilters",
        update_operation="PutMetricFilter",
        delete_operation="DeleteMetricFilter",
        identifier="filterName",
        read_by="filterNamePrefix",
        scope={"logGroupName": "LogGroupName"},
        name_property="FilterName",
        replace_on=frozenset({"LogGroupName"}),
        found="metricFilters[?filterName=='{id}']",
    ),
    "AWS::Logs::ResourcePolicy": ApiResource(
        service="logs",
        create_operation="PutResourcePolicy",
        read_operation="DescribeResourcePolicies",
        update_operation="PutResourcePolicy",
        delete_operation="DeleteResourcePolicy",
        identifier="policyName",
        read_by="",
        name_property="PolicyName",
        found="resourcePolicies[?policyName=='{id}']",
    ),
}
