"""The requests of the CloudFormation API."""

from __future__ import annotations

from typing import NotRequired, Required, TypedDict


class Tag(TypedDict):
    Key: str
    Value: str


class ParameterValue(TypedDict, total=False):
    """A new value for a template parameter, or a request to keep its previous value."""

    ParameterKey: Required[str]
    ParameterValue: str
    UsePreviousValue: bool


class StackReference(TypedDict):
    """Any operation on one stack, by its name or ARN."""

    StackName: str


class DescribeStacks(TypedDict, total=False):
    StackName: str


class ListStacks(TypedDict, total=False):
    StackStatusFilter: list[str]


class TemplateSource(TypedDict, total=False):
    """Where a template comes from: one of the three."""

    TemplateBody: str
    TemplateURL: str
    UsePreviousTemplate: bool


class StackRequest(TemplateSource, total=False):
    """The desired state of a stack: CreateStack, UpdateStack and CreateChangeSet."""

    StackName: Required[str]
    Parameters: list[ParameterValue]
    Tags: list[Tag]
    Capabilities: list[str]
    RoleARN: str
    NotificationARNs: list[str]
    ClientRequestToken: str
    ClientToken: str
    DisableRollback: bool
    EnableTerminationProtection: bool


class CreateStack(StackRequest, total=False):
    OnFailure: str


class CreateChangeSet(StackRequest, total=False):
    ChangeSetName: Required[str]
    ChangeSetType: str
    Description: str
    OnStackFailure: str
    ResourcesToImport: list[dict[str, str]]


class DeleteStack(StackReference):
    RetainResources: NotRequired[list[str]]
    ClientRequestToken: NotRequired[str]


class SetTerminationProtection(StackReference):
    EnableTerminationProtection: bool


class DescribeResources(StackReference):
    LogicalResourceId: NotRequired[str]


class DescribeResource(StackReference):
    LogicalResourceId: str


class ExportReference(TypedDict):
    ExportName: str


class ChangeSetReference(TypedDict):
    """A change set by its name and stack, or by its ARN."""

    ChangeSetName: str
    StackName: NotRequired[str]


class ExecuteChangeSet(ChangeSetReference):
    ClientRequestToken: NotRequired[str]
    DisableRollback: NotRequired[bool]


class GetTemplate(TypedDict, total=False):
    StackName: str
    ChangeSetName: str


class TemplateRequest(TemplateSource, total=False):
    """A template, or the stack whose template is meant."""

    StackName: str
