"""IAM roles with their policies."""

from __future__ import annotations

from typing import Required, TypedDict

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from localcloud.cloudformation.providers.api_resource import ApiResource, all_tags, as_tag_list, tag_changes
from localcloud.cloudformation.providers.base import (
    AnyProvider,
    ClientFactory,
    Document,
    Number,
    Outcome,
    Provider,
    Request,
    answers,
    changed_names,
    is_gone,
)
from localcloud.cloudformation.providers.conversion import text
from localcloud.cloudformation.providers.iam_policies import InlinePolicy, ManagedPolicy
from localcloud.cloudformation.requests import Tag


class NamedPolicy(TypedDict):
    PolicyName: str
    PolicyDocument: Document


class RolePolicies(TypedDict, total=False):
    """The policies of a role: inline ones, and attached ones by ARN."""

    Policies: list[NamedPolicy]
    ManagedPolicyArns: list[str]


class RoleProperties(RolePolicies, total=False):
    AssumeRolePolicyDocument: Required[Document]
    RoleName: str
    Path: str
    Description: str
    MaxSessionDuration: Number
    PermissionsBoundary: str
    Tags: list[Tag]


class Role(Provider[RoleProperties]):
    """AWS::IAM::Role with its inline and attached policies."""

    taggable = True

    def replaces(self, changed: set[str]) -> bool:
        return bool(changed & {"RoleName", "Path"})

    def create(self, request: Request, properties: RoleProperties) -> Outcome:
        iam = request.client("iam")
        name = properties.get("RoleName") or request.generated_name(64)
        names = ("Path", "Description", "MaxSessionDuration", "PermissionsBoundary")
        optional = {key: value for key, value in properties.items() if key in names}
        iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=text(properties["AssumeRolePolicyDocument"]),
            Tags=as_tag_list(all_tags(properties, request.tags)),
            **optional,
        )
        self._policies(iam, name, properties, {})
        return self._outcome(iam, name)

    def update(
        self, request: Request, physical_id: str, properties: RoleProperties, previous: RoleProperties
    ) -> Outcome:
        if self.replaces(changed_names(properties, previous)):
            return self.create(request, properties)
        iam = request.client("iam")
        # moto takes a document without Version in CreateRole and refuses it here; the service takes it in both.
        document = properties["AssumeRolePolicyDocument"]
        versioned = {"Version": "2012-10-17", **document} if isinstance(document, dict) else document
        iam.update_assume_role_policy(RoleName=physical_id, PolicyDocument=text(versioned))
        changes: dict[str, object] = {"Description": properties.get("Description", "")}
        if "MaxSessionDuration" in properties:
            changes["MaxSessionDuration"] = int(properties["MaxSessionDuration"])
        iam.update_role(RoleName=physical_id, **changes)
        if "PermissionsBoundary" in properties:
            iam.put_role_permissions_boundary(
                RoleName=physical_id, PermissionsBoundary=properties["PermissionsBoundary"]
            )
        elif "PermissionsBoundary" in previous:
            iam.delete_role_permissions_boundary(RoleName=physical_id)
        self._policies(iam, physical_id, properties, previous)
        gone, new = tag_changes(request, properties, previous)
        if gone:
            iam.untag_role(RoleName=physical_id, TagKeys=gone)
        if new:
            iam.tag_role(RoleName=physical_id, Tags=as_tag_list(new))
        return self._outcome(iam, physical_id)

    @staticmethod
    def _policies(iam: BaseClient, name: str, properties: RolePolicies, previous: RolePolicies) -> None:
        wanted = {item["PolicyName"]: item["PolicyDocument"] for item in properties.get("Policies", [])}
        for gone in {item["PolicyName"] for item in previous.get("Policies", [])} - set(wanted):
            iam.delete_role_policy(RoleName=name, PolicyName=gone)
        for policy, document in wanted.items():
            iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=text(document))
        attached, before = properties.get("ManagedPolicyArns", []), previous.get("ManagedPolicyArns", [])
        for arn in set(before) - set(attached):
            iam.detach_role_policy(RoleName=name, PolicyArn=arn)
        for arn in attached:
            iam.attach_role_policy(RoleName=name, PolicyArn=arn)

    @staticmethod
    def _outcome(iam: BaseClient, name: str) -> Outcome:
        role = iam.get_role(RoleName=name)["Role"]
        return Outcome(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})

    def delete(self, request: Request, physical_id: str, properties: RoleProperties) -> None:
        iam = request.client("iam")
        try:
            for policy in iam.list_role_policies(RoleName=physical_id)["PolicyNames"]:
                iam.delete_role_policy(RoleName=physical_id, PolicyName=policy)
            for policy in iam.list_attached_role_policies(RoleName=physical_id)["AttachedPolicies"]:
                iam.detach_role_policy(RoleName=physical_id, PolicyArn=policy["PolicyArn"])
            iam.delete_role(RoleName=physical_id)
        except ClientError as error:
            if not is_gone(error):
                raise

    def exists(self, client: ClientFactory, physical_id: str, properties: RoleProperties) -> bool:
        return answers(lambda: client("iam").get_role(RoleName=physical_id))


PROVIDERS: dict[str, AnyProvider] = {
    "AWS::IAM::Role": Role(),
    "AWS::IAM::Policy": InlinePolicy(),
    "AWS::IAM::ManagedPolicy": ManagedPolicy(),
    "AWS::IAM::ServiceLinkedRole": ApiResource(
        service="iam",
        create_operation="CreateServiceLinkedRole",
        read_operation="GetRole",
        update_operation="UpdateRole",
        delete_operation="DeleteServiceLinkedRole",
        identifier="RoleName",
        physical_id="Role.RoleName",
    ),
}
