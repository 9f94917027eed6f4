"""IAM policies as separate resources: inline ones, and managed ones with their principals."""

from __future__ import annotations

from collections.abc import Callable
from typing import NotRequired, TypedDict

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from localcloud.cloudformation.providers.base import (
    ClientFactory,
    Document,
    Outcome,
    Provider,
    Request,
    answers,
    changed_names,
    is_gone,
)
from localcloud.cloudformation.providers.conversion import text


class PolicyPrincipals(TypedDict, total=False):
    """Who has a policy, by name."""

    Roles: list[str]
    Users: list[str]
    Groups: list[str]


class InlinePolicyProperties(PolicyPrincipals):
    PolicyName: str
    PolicyDocument: Document


class ManagedPolicyProperties(PolicyPrincipals):
    PolicyDocument: Document
    ManagedPolicyName: NotRequired[str]
    Path: NotRequired[str]
    Description: NotRequired[str]


_KINDS = ("role", "user", "group")


def _principals(properties: PolicyPrincipals) -> list[tuple[str, list[str]]]:
    """Each kind of principal with the names of those that a policy has."""
    named = (properties.get("Roles", []), properties.get("Users", []), properties.get("Groups", []))
    return list(zip(_KINDS, named, strict=True))


class InlinePolicy(Provider[InlinePolicyProperties]):
    """AWS::IAM::Policy: one document put into each principal."""

    def create(self, request: Request, properties: InlinePolicyProperties) -> Outcome:
        self._put(request, properties, None)
        return Outcome(properties["PolicyName"])

    def update(
        self, request: Request, physical_id: str, properties: InlinePolicyProperties, previous: InlinePolicyProperties
    ) -> Outcome:
        self._put(request, properties, previous)
        return Outcome(properties["PolicyName"])

    @staticmethod
    def _put(request: Request, properties: InlinePolicyProperties, previous: InlinePolicyProperties | None) -> None:
        iam, name = request.client("iam"), properties["PolicyName"]
        same_name = previous is not None and previous["PolicyName"] == name
        before = dict(_principals(previous)) if previous is not None and same_name else {}
        for kind, principals in _principals(properties):
            parameter = f"{kind.capitalize()}Name"
            for principal in principals:
                getattr(iam, f"put_{kind}_policy")(
                    **{parameter: principal}, PolicyName=name, PolicyDocument=text(properties["PolicyDocument"])
                )
            for principal in set(before.get(kind, [])) - set(principals):
                getattr(iam, f"delete_{kind}_policy")(**{parameter: principal}, PolicyName=name)

    def delete(self, request: Request, physical_id: str, properties: InlinePolicyProperties) -> None:
        iam = request.client("iam")
        for kind, principals in _principals(properties):
            for principal in principals:
                try:
                    getattr(iam, f"delete_{kind}_policy")(
                        **{f"{kind.capitalize()}Name": principal}, PolicyName=physical_id
                    )
                except ClientError as error:
                    if not is_gone(error):
                        raise

    def exists(self, client: ClientFactory, physical_id: str, properties: InlinePolicyProperties) -> bool:
        iam = client("iam")
        names = [(kind, principal) for kind, principals in _principals(properties) for principal in principals]
        return all(answers(self._reader(iam, kind, principal, physical_id)) for kind, principal in names)

    @staticmethod
    def _reader(iam: BaseClient, kind: str, principal: str, policy: str) -> Callable[[], object]:
        parameters = {f"{kind.capitalize()}Name": principal, "PolicyName": policy}
        return lambda: getattr(iam, f"get_{kind}_policy")(**parameters)


class ManagedPolicy(Provider[ManagedPolicyProperties]):
    """AWS::IAM::ManagedPolicy, attached to its principals."""

    def replaces(self, changed: set[str]) -> bool:
        return bool(changed & {"ManagedPolicyName", "Path", "Description"})

    def create(self, request: Request, properties: ManagedPolicyProperties) -> Outcome:
        iam = request.client("iam")
        optional = {key: value for key, value in properties.items() if key in ("Path", "Description")}
        arn: str = iam.create_policy(
            PolicyName=properties.get("ManagedPolicyName") or request.generated_name(128),
            PolicyDocument=text(properties["PolicyDocument"]),
            **optional,
        )["Policy"]["Arn"]
        self._attach(iam, arn, properties, PolicyPrincipals())
        return Outcome(arn, {"PolicyArn": arn})

    def update(
        self, request: Request, physical_id: str, properties: ManagedPolicyProperties, previous: ManagedPolicyProperties
    ) -> Outcome:
        if self.replaces(changed_names(properties, previous)):
            return self.create(request, properties)
        iam = request.client("iam")
        if properties["PolicyDocument"] != previous["PolicyDocument"]:
            versions = iam.list_policy_versions(PolicyArn=physical_id)["Versions"]
            for version in [item for item in versions if not item["IsDefaultVersion"]]:
                iam.delete_policy_version(PolicyArn=physical_id, VersionId=version["VersionId"])
            document = text(properties["PolicyDocument"])
            iam.create_policy_version(PolicyArn=physical_id, PolicyDocument=document, SetAsDefault=True)
        self._attach(iam, physical_id, properties, previous)
        return Outcome(physical_id, {"PolicyArn": physical_id})

    @staticmethod
    def _attach(iam: BaseClient, arn: str, properties: PolicyPrincipals, previous: PolicyPrincipals) -> None:
        before = dict(_principals(previous))
        for kind, principals in _principals(properties):
            parameter = f"{kind.capitalize()}Name"
            for principal in set(before[kind]) - set(principals):
                getattr(iam, f"detach_{kind}_policy")(**{parameter: principal}, PolicyArn=arn)
            for principal in principals:
                getattr(iam, f"attach_{kind}_policy")(**{parameter: principal}, PolicyArn=arn)

    def delete(self, request: Request, physical_id: str, properties: ManagedPolicyProperties) -> None:
        iam = request.client("iam")
        try:
            attached = iam.list_entities_for_policy(PolicyArn=physical_id)
            for kind in _KINDS:
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

    def exists(self, client: ClientFactory, physical_id: str, properties: ManagedPolicyProperties) -> bool:
        return answers(lambda: client("iam").get_policy(PolicyArn=physical_id))
