"""Roles, policies and instance profiles."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from localcloud.cloudformation.providers.api_resource import ApiResource, all_tags, as_tag_list, tag_changes
from localcloud.cloudformation.providers.base import (
    ClientFactory,
    Outcome,
    Properties,
    Provider,
    Request,
    answers,
    changed_names,
    is_gone,
)


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)


class Role(Provider):
    """AWS::IAM::Role with its inline and attached policies."""

    taggable = True

    def replaces(self, changed: set[str]) -> bool:
        return bool(changed & {"RoleName", "Path"})

    def create(self, request: Request, properties: Properties) -> Outcome:
        iam = request.client("iam")
        name = properties.get("RoleName") or request.generated_name(64)
        optional = {
            key: properties[key]
            for key in ("Path", "Description", "MaxSessionDuration", "PermissionsBoundary")
            if key in properties
        }
        iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=_text(properties["AssumeRolePolicyDocument"]),
            Tags=as_tag_list(all_tags(properties, request.tags)),
            **optional,
        )
        self._policies(iam, name, properties, {})
        return self._outcome(iam, name)

    def update(self, request: Request, physical_id: str, properties: Properties, previous: Properties) -> Outcome:
        if self.replaces(changed_names(properties, previous)):
            return self.create(request, properties)
        iam = request.client("iam")
        # moto takes a document without Version in CreateRole and refuses it here; the service takes it in both.
        document = properties["AssumeRolePolicyDocument"]
        versioned = {"Version": "2012-10-17", **document} if isinstance(document, dict) else document
        iam.update_assume_role_policy(RoleName=physical_id, PolicyDocument=_text(versioned))
        changes: dict[str, Any] = {"Description": properties.get("Description", "")}
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
    def _policies(iam: Any, name: str, properties: Properties, previous: Properties) -> None:
        wanted = {item["PolicyName"]: item["PolicyDocument"] for item in properties.get("Policies", [])}
        for gone in {item["PolicyName"] for item in previous.get("Policies", [])} - set(wanted):
            iam.delete_role_policy(RoleName=name, PolicyName=gone)
        for policy, document in wanted.items():
            iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=_text(document))
        attached, before = properties.get("ManagedPolicyArns", []), previous.get("ManagedPolicyArns", [])
        for arn in set(before) - set(attached):
            iam.detach_role_policy(RoleName=name, PolicyArn=arn)
        for arn in attached:
            iam.attach_role_policy(RoleName=name, PolicyArn=arn)

    @staticmethod
    def _outcome(iam: Any, name: str) -> Outcome:
        role = iam.get_role(RoleName=name)["Role"]
        return Outcome(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})

    def delete(self, request: Request, physical_id: str, properties: Properties) -> None:
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

    def exists(self, client: ClientFactory, physical_id: str, properties: Properties) -> bool:
        return answers(lambda: client("iam").get_role(RoleName=physical_id))


# Property -> (put, delete, list member) of the three kinds of principal.
_PRINCIPALS = {"Roles": "role", "Users": "user", "Groups": "group"}


class InlinePolicy(Provider):
    """AWS::IAM::Policy: one document put into each principal."""

    def replaces(self, changed: set[str]) -> bool:
        return "PolicyName" in changed

    def create(self, request: Request, properties: Properties) -> Outcome:
        self._put(request, properties, {})
        return Outcome(properties["PolicyName"])

    def update(self, request: Request, physical_id: str, properties: Properties, previous: Properties) -> Outcome:
        self._put(request, properties, previous)
        return Outcome(properties["PolicyName"])

    @staticmethod
    def _put(request: Request, properties: Properties, previous: Properties) -> None:
        iam, name = request.client("iam"), properties["PolicyName"]
        for key, kind in _PRINCIPALS.items():
            parameter = f"{kind.capitalize()}Name"
            for principal in properties.get(key, []):
                getattr(iam, f"put_{kind}_policy")(
                    **{parameter: principal}, PolicyName=name, PolicyDocument=_text(properties["PolicyDocument"])
                )
            if previous.get("PolicyName") == name:
                for principal in set(previous.get(key, [])) - set(properties.get(key, [])):
                    getattr(iam, f"delete_{kind}_policy")(**{parameter: principal}, PolicyName=name)

    def delete(self, request: Request, physical_id: str, properties: Properties) -> None:
        iam = request.client("iam")
        for key, kind in _PRINCIPALS.items():
            for principal in properties.get(key, []):
                try:
                    getattr(iam, f"delete_{kind}_policy")(
                        **{f"{kind.capitalize()}Name": principal}, PolicyName=physical_id
                    )
                except ClientError as error:
                    if not is_gone(error):
                        raise

    def exists(self, client: ClientFactory, physical_id: str, properties: Properties) -> bool:
        iam = client("iam")
        names = [(kind, principal) for key, kind in _PRINCIPALS.items() for principal in properties.get(key, [])]
        return all(answers(self._reader(iam, kind, principal, physical_id)) for kind, principal in names)

    @staticmethod
    def _reader(iam: Any, kind: str, principal: str, policy: str) -> Callable[[], Any]:
        parameters = {f"{kind.capitalize()}Name": principal, "PolicyName": policy}
        return lambda: getattr(iam, f"get_{kind}_policy")(**parameters)


class ManagedPolicy(Provider):
    """AWS::IAM::ManagedPolicy, attached to its principals."""

    def replaces(self, changed: set[str]) -> bool:
        return bool(changed & {"ManagedPolicyName", "Path", "Description"})

    def create(self, request: Request, properties: Properties) -> Outcome:
        iam = request.client("iam")
        optional = {key: properties[key] for key in ("Path", "Description") if key in properties}
        arn = iam.create_policy(
            PolicyName=properties.get("ManagedPolicyName") or request.generated_name(128),
            PolicyDocument=_text(properties["PolicyDocument"]),
            **optional,
        )["Policy"]["Arn"]
        self._attach(iam, arn, properties, {})
        return Outcome(arn, {"PolicyArn": arn})

    def update(self, request: Request, physical_id: str, properties: Properties, previous: Properties) -> Outcome:
        if self.replaces(changed_names(properties, previous)):
            return self.create(request, properties)
        iam = request.client("iam")
        if properties["PolicyDocument"] != previous["PolicyDocument"]:
            versions = iam.list_policy_versions(PolicyArn=physical_id)["Versions"]
            for version in [item for item in versions if not item["IsDefaultVersion"]]:
                iam.delete_policy_version(PolicyArn=physical_id, VersionId=version["VersionId"])
            document = _text(properties["PolicyDocument"])
            iam.create_policy_version(PolicyArn=physical_id, PolicyDocument=document, SetAsDefault=True)
        self._attach(iam, physical_id, properties, previous)
        return Outcome(physical_id, {"PolicyArn": physical_id})

    @staticmethod
    def _attach(iam: Any, arn: str, properties: Properties, previous: Properties) -> None:
        for key, kind in _PRINCIPALS.items():
            parameter = f"{kind.capitalize()}Name"
            for principal in set(previous.get(key, [])) - set(properties.get(key, [])):
                getattr(iam, f"detach_{kind}_policy")(**{parameter: principal}, PolicyArn=arn)
            for principal in properties.get(key, []):
                getattr(iam, f"attach_{kind}_policy")(**{parameter: principal}, PolicyArn=arn)

    def delete(self, request: Request, physical_id: str, properties: Properties) -> None:
        iam = request.client("iam")
        try:
            attached = iam.list_entities_for_policy(PolicyArn=physical_id)
            for kind in _PRINCIPALS.values():
                parameter = f"{kind.capitalize()}Name"
                for principal in attached[f"Policy{kind.capitalize()}s"]:
                    getattr(iam, f"detach_{kind}_policy")(**{parameter: principal[parameter]}, PolicyArn=physical_id)
            for version in iam.list_policy_versions(PolicyArn=physical_id)["Versions"]:
                if not version["IsDefaultVersion"]:
                    iam.delete_policy_version(PolicyArn=physical_id, VersionId=version["VersionId"])
            iam.delete_policy(PolicyArn=physical_id)
        except ClientError as error:
            if not is_gone(error):
                raise

    def exists(self, client: ClientFactory, physical_id: str, properties: Properties) -> bool:
        return answers(lambda: client("iam").get_policy(PolicyArn=physical_id))


PROVIDERS: dict[str, Provider] = {
    "AWS::IAM::Role": Role(),
    "AWS::IAM::Policy": InlinePolicy(),
    "AWS::IAM::ManagedPolicy": ManagedPolicy(),
    "AWS::IAM::ServiceLinkedRole": ApiResource(
        service="iam",
        create_operation="CreateServiceLinkedRole",
        read_operation="GetRole",
        delete_operation="DeleteServiceLinkedRole",
        identifier="RoleName",
        physical_id="Role.RoleName",
    ),
}
