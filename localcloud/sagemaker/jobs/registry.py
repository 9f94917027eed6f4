"""The model registry: model package groups, and packages with versions, approval and metadata."""

from __future__ import annotations

import datetime
import threading
from dataclasses import dataclass, field
from typing import Any

from localcloud.context import Cloud
from localcloud.errors import AwsError
from localcloud.sagemaker.jobs.records import now, page, present, select
from localcloud.sagemaker.jobs.tags import Tags
from localcloud.sagemaker.jobs.validation import echoed, validation_error

Parameters = dict[str, Any]
_PAGE = 100
_REPLACED_BY_UPDATE = (
    "ModelApprovalStatus",
    "ApprovalDescription",
    "InferenceSpecification",
    "SourceUri",
    "ModelCard",
    "ModelLifeCycle",
    "ModelPackageRegistrationType",
)


@dataclass
class Record:
    """A group or a package; `fields` is the create request with what updates changed."""

    name: str
    arn: str
    fields: Parameters
    created: datetime.datetime = field(default_factory=now)
    modified: datetime.datetime = field(default_factory=now)
    status: str = "Completed"


@dataclass
class Group(Record):
    packages: dict[int, Package] = field(default_factory=dict)
    last_version: int = 0


@dataclass
class Package(Record):
    """`version` and `group` are None for an unversioned package."""

    version: int | None = None
    group: str | None = None
    updated: bool = False

    def describe(self) -> Parameters:
        return {
            **echoed(self.fields, "DescribeModelPackage"),
            **self.summary(),
            **present(
                ModelPackageStatusDetails={"ValidationStatuses": [], "ImageScanStatuses": []},
                ApprovalDescription=self.fields.get("ApprovalDescription"),
                LastModifiedTime=self.modified if self.updated else None,
            ),
        }

    def summary(self) -> Parameters:
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


class ModelRegistry:
    """Keeps groups and packages; nothing is validated or scanned, so no status claims it."""

    def __init__(self, cloud: Cloud, tags: Tags) -> None:
        self._prefix = f"arn:aws:sagemaker:{cloud.region}:{cloud.account_id}"
        self._tags = tags
        self._groups: dict[str, Group] = {}
        self._unversioned: dict[str, Package] = {}
        self._lock = threading.RLock()

    def operations(self) -> dict[str, Any]:
        return {
            "CreateModelPackageGroup": self._create_group,
            "DescribeModelPackageGroup": self._describe_group,
            "ListModelPackageGroups": self._list_groups,
            "DeleteModelPackageGroup": self._delete_group,
            "CreateModelPackage": self._create,
            "DescribeModelPackage": lambda request: self._get(request["ModelPackageName"]).describe(),
            "ListModelPackages": self._list,
            "UpdateModelPackage": self._update,
            "DeleteModelPackage": self._delete,
        }

    def _create_group(self, request: Parameters) -> Parameters:
        name = request["ModelPackageGroupName"]
        arn = f"{self._prefix}:model-package-group/{name}"
        with self._lock:
            if name in self._groups:
                raise validation_error(f"Model Package Group already exists: {arn}")
            self._groups[name] = Group(name, arn, request)
        self._tags.add(arn, request.get("Tags", []))
        return {"ModelPackageGroupArn": arn}

    def _group(self, name_or_arn: str) -> Group:
        name = name_or_arn.rpartition("/")[2]
        with self._lock:
            if name not in self._groups:
                raise validation_error(f"Model Package Group {self._prefix}:model-package-group/{name} does not exist.")
            return self._groups[name]

    def _describe_group(self, request: Parameters) -> Parameters:
        group = self._group(request["ModelPackageGroupName"])
        return {**echoed(group.fields, "DescribeModelPackageGroup"), **_group_summary(group)}

    def _list_groups(self, query: Parameters) -> Parameters:
        groups = select(list(self._groups.values()), query)
        return page(
            [_group_summary(group) for group in groups], {"MaxResults": _PAGE, **query}, "ModelPackageGroupSummaryList"
        )

    def _delete_group(self, request: Parameters) -> None:
        group = self._group(request["ModelPackageGroupName"])
        with self._lock:
            if group.packages:
                raise AwsError(
                    "ConflictException",
                    f"Model Package Group {group.arn} cannot be deleted because it still contains Model Packages.",
                )
            del self._groups[group.name]
        self._tags.forget(group.arn)

    def _create(self, request: Parameters) -> Parameters:
        group_name, name = request.get("ModelPackageGroupName"), request.get("ModelPackageName")
        if bool(group_name) == bool(name):
            raise validation_error("Exactly one of ModelPackageName and ModelPackageGroupName is required.")
        with self._lock:
            package = self._new_version(request) if group_name else self._new_unversioned(request)
        self._tags.add(package.arn, request.get("Tags", []))
        return {"ModelPackageArn": package.arn}

    def _new_version(self, request: Parameters) -> Package:
        group = self._group(request["ModelPackageGroupName"])
        group.last_version += 1  # a deleted version's number is not given again
        version = group.last_version
        fields = {"ModelApprovalStatus": "PendingManualApproval", **request}
        arn = f"{self._prefix}:model-package/{group.name}/{version}"
        package = Package(group.name, arn, fields, version=version, group=group.name)
        group.packages[version] = package
        return package

    def _new_unversioned(self, request: Parameters) -> Package:
        name = request["ModelPackageName"]
        arn = f"{self._prefix}:model-package/{name}"
        if name in self._unversioned:
            raise validation_error(f"Model Package already exists: {arn}")
        self._unversioned[name] = Package(name, arn, request)
        return self._unversioned[name]

    def _get(self, name_or_arn: str) -> Package:
        with self._lock:
            for package in self._packages():
                if name_or_arn == package.arn or (package.group is None and name_or_arn == package.name):
                    return package
        raise validation_error(f"ModelPackage {name_or_arn} does not exist.")

    def _packages(self) -> list[Package]:
        versioned = [package for group in self._groups.values() for package in group.packages.values()]
        return [*versioned, *self._unversioned.values()]

    def _list(self, query: Parameters) -> Parameters:
        with self._lock:
            packages = self._packages()
        if group := query.get("ModelPackageGroupName"):
            packages = [package for package in packages if package.group == self._group(group).name]
        elif query.get("ModelPackageType", "Unversioned") != "Both":
            versioned = query.get("ModelPackageType") == "Versioned"
            packages = [package for package in packages if (package.group is not None) == versioned]
        approval = query.get("ModelApprovalStatus")
        if approval:
            packages = [package for package in packages if package.fields.get("ModelApprovalStatus") == approval]
        summaries = [package.summary() for package in select(packages, query)]
        return page(summaries, {"MaxResults": _PAGE, **query}, "ModelPackageSummaryList")

    def _update(self, request: Parameters) -> Parameters:
        package = self._get(request["ModelPackageArn"])
        with self._lock:
            fields = dict(package.fields)
            fields.update({name: request[name] for name in _REPLACED_BY_UPDATE if name in request})
            properties = {
                **fields.get("CustomerMetadataProperties", {}),
                **request.get("CustomerMetadataProperties", {}),
            }
            for name in request.get("CustomerMetadataPropertiesToRemove", []):
                properties.pop(name, None)
            if properties or "CustomerMetadataProperties" in fields:
                fields["CustomerMetadataProperties"] = properties
            if added := request.get("AdditionalInferenceSpecificationsToAdd"):
                fields["AdditionalInferenceSpecifications"] = [
                    *fields.get("AdditionalInferenceSpecifications", []),
                    *added,
                ]
            package.fields, package.modified, package.updated = fields, now(), True
        return {"ModelPackageArn": package.arn}

    def _delete(self, request: Parameters) -> None:
        package = self._get(request["ModelPackageName"])
        with self._lock:
            if package.group is not None and package.version is not None:
                del self._groups[package.group].packages[package.version]
            else:
                del self._unversioned[package.name]
        self._tags.forget(package.arn)


def _group_summary(group: Group) -> Parameters:
    return present(
        ModelPackageGroupName=group.name,
        ModelPackageGroupArn=group.arn,
        ModelPackageGroupDescription=group.fields.get("ModelPackageGroupDescription"),
        CreationTime=group.created,
        ModelPackageGroupStatus=group.status,
    )
