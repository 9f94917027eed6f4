"""ECR repositories: records of images, without layers."""

from __future__ import annotations

from botocore.client import BaseClient

from localcloud.cloudformation.providers.api_resource import ApiResource, Tagging
from localcloud.cloudformation.providers.base import (
    AnyProvider,
    Outcome,
    Request,
    changed_names,
    ignore_gone,
    refuse_changes,
)
from localcloud.cloudformation.providers.conversion import is_true, text
from localcloud.json_types import JsonObject, as_object


class Repository(ApiResource):
    """AWS::ECR::Repository; its policies, and whatever can change in place, are set by separate calls."""

    _separate = frozenset({"LifecyclePolicy", "RepositoryPolicyText", "EmptyOnDelete"})
    _in_place = _separate | {"ImageTagMutability", "ImageScanningConfiguration", "Tags"}

    def replaces(self, changed: set[str]) -> bool:
        return bool(changed & {"EncryptionConfiguration", "RepositoryName"})

    def create(self, request: Request, properties: JsonObject) -> Outcome:
        outcome = super().create(request, {k: v for k, v in properties.items() if k not in self._separate})
        self._policies(request.client("ecr"), outcome.physical_id, properties, {})
        return outcome

    def update(self, request: Request, physical_id: str, properties: JsonObject, previous: JsonObject) -> Outcome:
        changed = changed_names(properties, previous)
        if self.replaces(changed):
            return self.create(request, properties)
        refuse_changes(request, changed - self._in_place)
        ecr = request.client("ecr")
        if "ImageTagMutability" in changed:
            mutability = properties.get("ImageTagMutability", "MUTABLE")
            ecr.put_image_tag_mutability(repositoryName=physical_id, imageTagMutability=mutability)
        if "ImageScanningConfiguration" in changed:
            scan = is_true(as_object(properties.get("ImageScanningConfiguration", {})).get("ScanOnPush", False))
            ecr.put_image_scanning_configuration(
                repositoryName=physical_id, imageScanningConfiguration={"scanOnPush": scan}
            )
        self._policies(ecr, physical_id, properties, previous)
        self._retag(request, physical_id, properties, previous)
        return self.outcome(request.client, physical_id, properties)

    @staticmethod
    def _policies(ecr: BaseClient, name: str, properties: JsonObject, previous: JsonObject) -> None:
        lifecycle = as_object(properties.get("LifecyclePolicy", {})).get("LifecyclePolicyText")
        if lifecycle:
            ecr.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=lifecycle)
        elif previous.get("LifecyclePolicy"):
            ignore_gone(lambda: ecr.delete_lifecycle_policy(repositoryName=name))
        policy = properties.get("RepositoryPolicyText")
        if policy:
            ecr.set_repository_policy(repositoryName=name, policyText=text(policy))
        elif previous.get("RepositoryPolicyText"):
            ignore_gone(lambda: ecr.delete_repository_policy(repositoryName=name))

    def delete(self, request: Request, physical_id: str, properties: JsonObject) -> None:
        force = is_true(properties.get("EmptyOnDelete", False))
        ecr = request.client("ecr")
        ignore_gone(lambda: ecr.delete_repository(repositoryName=physical_id, force=force))


PROVIDERS: dict[str, AnyProvider] = {
    "AWS::ECR::Repository": Repository(
        service="ecr",
        create_operation="CreateRepository",
        read_operation="DescribeRepositories",
        delete_operation="DeleteRepository",
        identifier="repositoryName",
        read_by="repositoryNames",
        name_property="RepositoryName",
        name_limit=200,
        lower_case_name=True,
        attributes={"Arn": "repositories[0].repositoryArn", "RepositoryUri": "repositories[0].repositoryUri"},
        tagging=Tagging("TagResource", "UntagResource", "resourceArn", "repositories[0].repositoryArn", "tagKeys"),
    ),
}
