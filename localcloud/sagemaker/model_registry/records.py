"""Records of model package groups and packages, and the requests that make and change them."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypedDict

from localcloud.sagemaker.api.answers import echoed, now, present
from localcloud.sagemaker.api.listing import ListQuery
from localcloud.sagemaker.api.tags import Tag

_REPLACED_BY_UPDATE = (
    "ModelApprovalStatus",
    "ApprovalDescription",
    "InferenceSpecification",
    "SourceUri",
    "ModelCard",
    "ModelLifeCycle",
    "ModelPackageRegistrationType",
)


class GroupName(TypedDict):
    """Requests about one group. ModelPackageGroupName: its name or ARN."""

    ModelPackageGroupName: str


class CreateGroupRequest(GroupName, total=False):
    Tags: list[Tag]


class PackageName(TypedDict):
    """Requests about one package. ModelPackageName: the ARN of a version, or the name or ARN of an unversioned one."""

    ModelPackageName: str


class CreatePackageRequest(TypedDict, total=False):
    """Exactly one of the names. The other fields that are read here; all fields are kept."""

    ModelPackageGroupName: str
    ModelPackageName: str
    CustomerMetadataProperties: dict[str, str]
    AdditionalInferenceSpecifications: list[object]
    Tags: list[Tag]


class UpdatePackageRequest(TypedDict, total=False):
    ModelPackageArn: str
    CustomerMetadataProperties: dict[str, str]
    CustomerMetadataPropertiesToRemove: list[str]
    AdditionalInferenceSpecificationsToAdd: list[object]


class ListPackagesQuery(ListQuery, total=False):
    ModelPackageGroupName: str
    ModelPackageType: str
    ModelApprovalStatus: str


@dataclass
class Record:
    """A group or a package. `fields`: the create request, with the changes of updates."""

    name: str
    arn: str
    fields: Mapping[str, object]
    created: datetime.datetime = field(default_factory=now)
    modified: datetime.datetime = field(default_factory=now)
    status: str = "Completed"


@dataclass
class Group(Record):
    packages: dict[int, Package] = field(default_factory=dict)
    last_version: int = 0

    def summary(self) -> dict[str, object]:
        return present(
            ModelPackageGroupName=self.name,
            ModelPackageGroupArn=self.arn,
            ModelPackageGroupDescription=self.fields.get("ModelPackageGroupDescription"),
            CreationTime=self.created,
            ModelPackageGroupStatus=self.status,
        )


@dataclass
class Package(Record):
    """`version` and `group` are None for an unversioned package; `properties` is its customer metadata."""

    version: int | None = None
    group: str | None = None
    properties: dict[str, str] | None = None
    additional_specifications: list[object] = field(default_factory=list)
    updated: bool = False

    def describe(self) -> dict[str, object]:
        return {
            **echoed(self.fields, "DescribeModelPackage"),
            **self.summary(),
            **present(
                CustomerMetadataProperties=self.properties,
                AdditionalInferenceSpecifications=self.additional_specifications or None,
                ModelPackageStatusDetails={"ValidationStatuses": [], "ImageScanStatuses": []},
                ApprovalDescription=self.fields.get("ApprovalDescription"),
                LastModifiedTime=self.modified if self.updated else None,
            ),
        }

    def summary(self) -> dict[str, object]:
        return present(
            ModelPackageName=self.name,
            ModelPackageGroupName=self.group,
            ModelPackageVersion=self.version,
            ModelPackageArn=self.arn,
            ModelPackageDescription=self.fields.get("ModelPackageDescription"),
            CreationTime=self.created,
            ModelPackageStatus=self.status,
            ModelApprovalStatus=self.fields.get("ModelApprovalStatus"),
        )

    def update(self, request: UpdatePackageRequest) -> None:
        """Replace some fields, merge the customer metadata, append inference specifications."""
        changed = {name: value for name, value in request.items() if name in _REPLACED_BY_UPDATE}
        self.fields = {**self.fields, **changed}
        properties = {**(self.properties or {}), **request.get("CustomerMetadataProperties", {})}
        for name in request.get("CustomerMetadataPropertiesToRemove", []):
            properties.pop(name, None)
        if properties or self.properties is not None:
            self.properties = properties
        added = request.get("AdditionalInferenceSpecificationsToAdd", [])
        self.additional_specifications = [*self.additional_specifications, *added]
        self.modified, self.updated = now(), True
