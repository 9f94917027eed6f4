"""The operations of the model registry."""

from __future__ import annotations

import threading

from localcloud.context import Cloud
from localcloud.errors import AwsError
from localcloud.sagemaker.api.answers import echoed
from localcloud.sagemaker.api.listing import ListQuery, page, select
from localcloud.sagemaker.api.operations import Answer, Operation
from localcloud.sagemaker.api.tags import Tags
from localcloud.sagemaker.api.validation import validation_error
from localcloud.sagemaker.model_registry.records import (
    CreateGroupRequest,
    CreatePackageRequest,
    Group,
    GroupName,
    ListPackagesQuery,
    Package,
    PackageName,
    UpdatePackageRequest,
)

_PAGE = 100


class ModelRegistry:
    """Keeps groups and packages. Nothing is validated or scanned, and no status claims that it was."""

    def __init__(self, cloud: Cloud, tags: Tags) -> None:
        self._prefix = f"arn:aws:sagemaker:{cloud.region}:{cloud.account_id}"
        self._tags = tags
        self._groups: dict[str, Group] = {}
        self._unversioned: dict[str, Package] = {}
        self._lock = threading.RLock()

    def operations(self) -> dict[str, Operation]:
        return {
            "CreateModelPackageGroup": self._create_group,
            "DescribeModelPackageGroup": self._describe_group,
            "ListModelPackageGroups": self._list_groups,
            "DeleteModelPackageGroup": self._delete_group,
            "CreateModelPackage": self._create,
            "DescribeModelPackage": self._describe,
            "ListModelPackages": self._list,
            "UpdateModelPackage": self._update,
            "DeleteModelPackage": self._delete,
        }

    def _create_group(self, request: CreateGroupRequest) -> Answer:
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

    def _describe_group(self, request: GroupName) -> Answer:
        group = self._group(request["ModelPackageGroupName"])
        return {**echoed(group.fields, "DescribeModelPackageGroup"), **group.summary()}

    def _list_groups(self, query: ListQuery) -> Answer:
        groups = select(list(self._groups.values()), query)
        return page([group.summary() for group in groups], query, "ModelPackageGroupSummaryList", default_size=_PAGE)

    def _delete_group(self, request: GroupName) -> None:
        group = self._group(request["ModelPackageGroupName"])
        with self._lock:
            if group.packages:
                raise AwsError(
                    "ConflictException",
                    f"Model Package Group {group.arn} cannot be deleted because it still contains Model Packages.",
                )
            del self._groups[group.name]
        self._tags.forget(group.arn)

    def _create(self, request: CreatePackageRequest) -> Answer:
        group, name = request.get("ModelPackageGroupName"), request.get("ModelPackageName")
        with self._lock:
            if group and not name:
                package = self._new_version(self._group(group), request)
            elif name and not group:
                package = self._new_unversioned(name, request)
            else:
                raise validation_error("Exactly one of ModelPackageName and ModelPackageGroupName is required.")
            package.properties = request.get("CustomerMetadataProperties")
            package.additional_specifications = request.get("AdditionalInferenceSpecifications", [])
        self._tags.add(package.arn, request.get("Tags", []))
        return {"ModelPackageArn": package.arn}

    def _new_version(self, group: Group, request: CreatePackageRequest) -> Package:
        group.last_version += 1  # the number of a deleted version is not used again
        version = group.last_version
        fields = {"ModelApprovalStatus": "PendingManualApproval", **request}
        arn = f"{self._prefix}:model-package/{group.name}/{version}"
        group.packages[version] = Package(group.name, arn, fields, version=version, group=group.name)
        return group.packages[version]

    def _new_unversioned(self, name: str, request: CreatePackageRequest) -> Package:
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

    def _describe(self, request: PackageName) -> Answer:
        return self._get(request["ModelPackageName"]).describe()

    def _list(self, query: ListPackagesQuery) -> Answer:
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
        return page(summaries, query, "ModelPackageSummaryList", default_size=_PAGE)

    def _update(self, request: UpdatePackageRequest) -> Answer:
        package = self._get(request["ModelPackageArn"])
        with self._lock:
            package.update(request)
        return {"ModelPackageArn": package.arn}

    def _delete(self, request: PackageName) -> None:
        package = self._get(request["ModelPackageName"])
        with self._lock:
            if package.group is not None and package.version is not None:
                del self._groups[package.group].packages[package.version]
            else:
                del self._unversioned[package.name]
        self._tags.forget(package.arn)
