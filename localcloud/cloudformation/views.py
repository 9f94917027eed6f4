"""Stacks, resources, events and change sets as the API's answers show them."""

from __future__ import annotations

from localcloud.cloudformation.stacks import ChangeSet, Event, Resource, Stack
from localcloud.cloudformation.template import Template

View = dict[str, object]


def _pairs(values: dict[str, str], key: str, value: str) -> list[dict[str, str]]:
    return [{key: name, value: text} for name, text in values.items()]


def stack(item: Stack) -> View:
    version = item.version
    shown: View = {
        "StackId": item.arn,
        "StackName": item.name,
        "CreationTime": item.created,
        "LastUpdatedTime": item.updated,
        "DeletionTime": item.deleted,
        "StackStatus": item.status,
        "StackStatusReason": item.reason,
        "DisableRollback": item.disable_rollback,
        "NotificationARNs": item.notification_arns,
        "Capabilities": version.capabilities if version else [],
        "Parameters": _pairs(_visible(version.template, version.parameter_texts), "ParameterKey", "ParameterValue")
        if version
        else [],
        "Outputs": list(item.outputs.values()),
        "Tags": _pairs(version.tags, "Key", "Value") if version else [],
        "RoleARN": item.role_arn,
        "EnableTerminationProtection": item.termination_protection,
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
    }
    if version and "Description" in version.template:
        shown["Description"] = version.template["Description"]
    return shown


def _visible(template: Template, texts: dict[str, str]) -> dict[str, str]:
    declared = template.get("Parameters", {})
    return {
        name: "****" if str(declared[name].get("NoEcho", "")).lower() == "true" else text
        for name, text in texts.items()
    }


def stack_summary(item: Stack) -> View:
    return {
        "StackId": item.arn,
        "StackName": item.name,
        "CreationTime": item.created,
        "LastUpdatedTime": item.updated,
        "DeletionTime": item.deleted,
        "StackStatus": item.status,
        "StackStatusReason": item.reason,
    }


def event(item: Stack, entry: Event) -> View:
    return {
        "StackId": item.arn,
        "StackName": item.name,
        "EventId": entry.event_id,
        "LogicalResourceId": entry.logical_id,
        "PhysicalResourceId": entry.physical_id,
        "ResourceType": entry.type,
        "Timestamp": entry.time,
        "ResourceStatus": entry.status,
        "ResourceStatusReason": entry.reason,
        "ClientRequestToken": entry.token,
    }


def resource_summary(item: Resource) -> View:
    return {
        "LogicalResourceId": item.logical_id,
        "PhysicalResourceId": item.physical_id,
        "ResourceType": item.type,
        "LastUpdatedTimestamp": item.changed,
        "ResourceStatus": item.status,
        "ResourceStatusReason": item.reason,
        "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
    }


def resource(owner: Stack, item: Resource) -> View:
    shown = {**resource_summary(item), "StackName": owner.name, "StackId": owner.arn, "Timestamp": item.changed}
    del shown["LastUpdatedTimestamp"]
    return shown


def resource_detail(owner: Stack, item: Resource) -> View:
    return {**resource_summary(item), "StackName": owner.name, "StackId": owner.arn}


def change_set_summary(owner: Stack, item: ChangeSet) -> View:
    return {
        "StackId": owner.arn,
        "StackName": owner.name,
        "ChangeSetId": item.arn,
        "ChangeSetName": item.name,
        "ExecutionStatus": item.execution_status,
        "Status": item.status,
        "StatusReason": item.reason,
        "CreationTime": item.created,
        "Description": item.description,
    }


def change_set(owner: Stack, item: ChangeSet) -> View:
    return {
        **change_set_summary(owner, item),
        "Parameters": _pairs(
            _visible(item.version.template, item.version.parameter_texts), "ParameterKey", "ParameterValue"
        ),
        "Tags": _pairs(item.version.tags, "Key", "Value"),
        "Capabilities": item.version.capabilities,
        "Changes": item.changes,
        "IncludeNestedStacks": False,
    }


def _declared_parameters(template: Template) -> list[tuple[str, View]]:
    return [
        (
            name,
            {
                "ParameterKey": name,
                "DefaultValue": None if "Default" not in body else str(body["Default"]),
                "NoEcho": str(body.get("NoEcho", "")).lower() == "true",
                "Description": body.get("Description"),
            },
        )
        for name, body in template.get("Parameters", {}).items()
    ]


def template_summary(template: Template) -> View:
    resources = template.get("Resources", {})
    return {
        "Parameters": [
            {**shown, "ParameterType": template["Parameters"][name]["Type"]}
            for name, shown in _declared_parameters(template)
        ],
        "Description": template.get("Description"),
        "ResourceTypes": sorted({body["Type"] for body in resources.values()}),
        "Version": template.get("AWSTemplateFormatVersion"),
        "ResourceIdentifierSummaries": [],
    }


def template_validation(template: Template) -> View:
    return {
        "Parameters": [shown for _, shown in _declared_parameters(template)],
        "Description": template.get("Description"),
        "Capabilities": [],
    }
