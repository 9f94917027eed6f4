"""Studio: domains, user profiles and lifecycle configurations are recorded; notebooks do not run."""

from __future__ import annotations

import functools
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

from localcloud.context import Cloud
from localcloud.errors import AwsError
from localcloud.sagemaker.api.answers import echoed, now
from localcloud.sagemaker.api.listing import PageQuery, page
from localcloud.sagemaker.api.operations import Answer, Operation, install_operations
from localcloud.sagemaker.api.tags import Tag, Tags
from localcloud.server import Application


class Tagged(TypedDict, total=False):
    Tags: list[Tag]


class CreateDomain(Tagged):
    DomainName: str


class DomainId(TypedDict):
    DomainId: str


class ProfileName(DomainId):
    UserProfileName: str


class CreateProfile(ProfileName, Tagged):
    pass


class ListProfiles(PageQuery, total=False):
    DomainIdEquals: str
    UserProfileNameContains: str


class ConfigName(TypedDict):
    StudioLifecycleConfigName: str


class CreateConfig(ConfigName, Tagged):
    pass


@dataclass(frozen=True)
class Record:
    """A domain, profile or configuration. `fields`: its describe answer."""

    arn: str
    fields: dict[str, object]


def install(cloud: Cloud, app: Application) -> None:
    """Answer the Studio operations in place of moto."""
    tags = Tags()
    install_operations(app, [Studio(cloud, tags)])
    app.add_handler(tags.handle)


def _missing(kind: str, name: str) -> AwsError:
    return AwsError("ResourceNotFound", f"{kind} [{name}] does not exist.")


class Studio:
    """The records; the key of a profile is its domain and its name."""

    def __init__(self, cloud: Cloud, tags: Tags) -> None:
        self._prefix = f"arn:aws:sagemaker:{cloud.region}:{cloud.account_id}"
        self._tags = tags
        self._lock = threading.RLock()
        self._domains: dict[str, Record] = {}
        self._profiles: dict[tuple[str, str], Record] = {}
        self._configs: dict[str, Record] = {}

    def operations(self) -> dict[str, Operation]:
        operations: dict[str, Operation] = {
            "CreateDomain": self._create_domain,
            "DescribeDomain": self._describe_domain,
            "UpdateDomain": self._update_domain,
            "ListDomains": self._list_domains,
            "DeleteDomain": self._delete_domain,
            "CreateUserProfile": self._create_profile,
            "DescribeUserProfile": self._describe_profile,
            "UpdateUserProfile": self._update_profile,
            "ListUserProfiles": self._list_profiles,
            "DeleteUserProfile": self._delete_profile,
            "CreateStudioLifecycleConfig": self._create_config,
            "DescribeStudioLifecycleConfig": self._describe_config,
            "ListStudioLifecycleConfigs": self._list_configs,
            "DeleteStudioLifecycleConfig": self._delete_config,
        }
        return {name: self._locked(operation) for name, operation in operations.items()}

    def _locked(self, operation: Operation) -> Operation:
        @functools.wraps(operation)
        def answer(request: Mapping[str, object]) -> Answer | None:
            with self._lock:
                return operation(request)

        return answer

    def _record(self, kind: str, resource: str, request: Mapping[str, object], tags: list[Tag]) -> Record:
        arn = f"{self._prefix}:{resource}"
        self._tags.add(arn, tags)
        moment = now()
        times = {"CreationTime": moment, "LastModifiedTime": moment}
        return Record(arn, {**echoed(request, f"Describe{kind}"), f"{kind}Arn": arn, **times})

    # Domains

    def _domain(self, request: DomainId) -> Record:
        if request["DomainId"] not in self._domains:
            raise _missing("Domain", request["DomainId"])
        return self._domains[request["DomainId"]]

    def _create_domain(self, request: CreateDomain) -> Answer:
        if any(domain.fields["DomainName"] == request["DomainName"] for domain in self._domains.values()):
            raise AwsError("ResourceInUse", f"Domain {request['DomainName']} already exists")
        domain_id = f"d-{uuid.uuid4().hex[:12]}"
        domain = self._record("Domain", f"domain/{domain_id}", request, request.get("Tags", []))
        domain.fields.update(DomainId=domain_id, Status="InService")
        self._domains[domain_id] = domain
        return {"DomainArn": domain.arn, "DomainId": domain_id}

    def _describe_domain(self, request: DomainId) -> Answer:
        return self._domain(request).fields

    def _update_domain(self, request: DomainId) -> Answer:
        domain = self._domain(request)
        changes = {name: value for name, value in request.items() if name != "DomainId"}
        if "DomainSettingsForUpdate" in changes:
            changes["DomainSettings"] = changes.pop("DomainSettingsForUpdate")
        _change(domain, changes)
        return {"DomainArn": domain.arn}

    def _list_domains(self, query: PageQuery) -> Answer:
        names = ("DomainArn", "DomainId", "DomainName", "Status", "CreationTime", "LastModifiedTime")
        return page([_selected(domain, names) for domain in self._domains.values()], query, "Domains")

    def _delete_domain(self, request: DomainId) -> None:
        domain = self._domain(request)
        if any(domain_id == request["DomainId"] for domain_id, _ in self._profiles):
            message = f"Unable to delete Domain {request['DomainId']} because UserProfile(s) are associated with it."
            raise AwsError("ResourceInUse", message)
        self._tags.forget(domain.arn)
        del self._domains[request["DomainId"]]

    # User profiles

    def _profile(self, request: ProfileName) -> Record:
        key = (request["DomainId"], request["UserProfileName"])
        if key not in self._profiles:
            raise _missing("UserProfile", key[1])
        return self._profiles[key]

    def _create_profile(self, request: CreateProfile) -> Answer:
        self._domain(request)
        key = (request["DomainId"], request["UserProfileName"])
        if key in self._profiles:
            raise AwsError("ResourceInUse", f"UserProfile {key[1]} already exists")
        profile = self._record("UserProfile", f"user-profile/{key[0]}/{key[1]}", request, request.get("Tags", []))
        profile.fields.update(Status="InService")
        self._profiles[key] = profile
        return {"UserProfileArn": profile.arn}

    def _describe_profile(self, request: ProfileName) -> Answer:
        return self._profile(request).fields

    def _update_profile(self, request: ProfileName) -> Answer:
        profile = self._profile(request)
        keys = ("DomainId", "UserProfileName")
        _change(profile, {name: value for name, value in request.items() if name not in keys})
        return {"UserProfileArn": profile.arn}

    def _list_profiles(self, query: ListProfiles) -> Answer:
        names = ("DomainId", "UserProfileName", "Status", "CreationTime", "LastModifiedTime")
        found = [
            _selected(profile, names)
            for (domain_id, name), profile in self._profiles.items()
            if query.get("DomainIdEquals") in (None, domain_id) and query.get("UserProfileNameContains", "") in name
        ]
        return page(found, query, "UserProfiles")

    def _delete_profile(self, request: ProfileName) -> None:
        self._tags.forget(self._profile(request).arn)
        del self._profiles[request["DomainId"], request["UserProfileName"]]

    # Lifecycle configurations

    def _config(self, request: ConfigName) -> Record:
        name = request["StudioLifecycleConfigName"]
        if name not in self._configs:
            raise _missing("StudioLifecycleConfig", name)
        return self._configs[name]

    def _create_config(self, request: CreateConfig) -> Answer:
        name = request["StudioLifecycleConfigName"]
        if name in self._configs:
            raise AwsError("ResourceInUse", f"StudioLifecycleConfig {name} already exists")
        resource = f"studio-lifecycle-config/{name}"
        self._configs[name] = self._record("StudioLifecycleConfig", resource, request, request.get("Tags", []))
        return {"StudioLifecycleConfigArn": self._configs[name].arn}

    def _describe_config(self, request: ConfigName) -> Answer:
        return self._config(request).fields

    def _list_configs(self, query: PageQuery) -> Answer:
        found = [
            {name: value for name, value in config.fields.items() if name != "StudioLifecycleConfigContent"}
            for config in self._configs.values()
        ]
        return page(found, query, "StudioLifecycleConfigs")

    def _delete_config(self, request: ConfigName) -> None:
        self._tags.forget(self._config(request).arn)
        del self._configs[request["StudioLifecycleConfigName"]]


def _selected(record: Record, names: tuple[str, ...]) -> dict[str, object]:
    return {name: record.fields[name] for name in names}


def _change(record: Record, changes: Mapping[str, object]) -> None:
    """Merge nested settings, as the service's updates do, and replace all other fields."""
    for name, value in changes.items():
        old = record.fields.get(name)
        record.fields[name] = {**old, **value} if isinstance(old, dict) and isinstance(value, dict) else value
    record.fields["LastModifiedTime"] = now()
