"""Domains, user profiles and lifecycle configurations: records, and what keeps one from being deleted."""

from __future__ import annotations

import uuid
from typing import Required, TypedDict

from localcloud.errors import AwsError
from localcloud.sagemaker.api.listing import PageQuery, page
from localcloud.sagemaker.api.operations import Answer, Operation
from localcloud.sagemaker.api.validation import validation_error
from localcloud.sagemaker.studio.apps import Apps
from localcloud.sagemaker.studio.network import StudioNetwork
from localcloud.sagemaker.studio.records import Record, Recorder, Tagged, change, missing, selected


class UserSettings(TypedDict, total=False):
    SecurityGroups: list[str]


class CreateDomain(Tagged, total=False):
    DomainName: Required[str]
    VpcId: str
    SubnetIds: list[str]
    AppNetworkAccessType: str
    DefaultUserSettings: UserSettings


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


class Studio:
    """The records; the key of a profile is its domain and its name."""

    def __init__(self, recorder: Recorder, apps: Apps, network: StudioNetwork) -> None:
        self._recorder = recorder
        self._apps = apps
        self._network = network
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
        return {name: self._recorder.locked(operation) for name, operation in operations.items()}

    # Domains

    def _domain(self, request: DomainId) -> Record:
        if request["DomainId"] not in self._domains:
            raise missing("Domain", request["DomainId"])
        return self._domains[request["DomainId"]]

    def _create_domain(self, request: CreateDomain) -> Answer:
        if any(domain.fields["DomainName"] == request["DomainName"] for domain in self._domains.values()):
            raise AwsError("ResourceInUse", f"Domain {request['DomainName']} already exists")
        self._network.check(request.get("VpcId"))
        domain_id = f"d-{uuid.uuid4().hex[:12]}"
        domain = self._recorder.record("Domain", f"domain/{domain_id}", request, request.get("Tags", []))
        domain.fields.update(DomainId=domain_id, Status="InService")
        self._domains[domain_id] = domain
        own = self._network.add_groups(domain_id, request.get("VpcId"))
        if request.get("AppNetworkAccessType") == "VpcOnly" and request.get("SubnetIds"):
            groups = [*request.get("DefaultUserSettings", {}).get("SecurityGroups", []), *own]
            self._apps.place(domain_id, request["SubnetIds"][0], groups)
        return {"DomainArn": domain.arn, "DomainId": domain_id}

    def _describe_domain(self, request: DomainId) -> Answer:
        return self._domain(request).fields

    def _update_domain(self, request: DomainId) -> Answer:
        domain = self._domain(request)
        changes = {name: value for name, value in request.items() if name != "DomainId"}
        if domain.fields.get("VpcId") not in (None, changes.get("VpcId", domain.fields.get("VpcId"))):
            # By the API reference of the field; how SageMaker words the refusal was never seen.
            raise validation_error("VpcId can only be added to a domain that was created without VPC settings.")
        if "DomainSettingsForUpdate" in changes:
            changes["DomainSettings"] = changes.pop("DomainSettingsForUpdate")
        change(domain, changes)
        return {"DomainArn": domain.arn}

    def _list_domains(self, query: PageQuery) -> Answer:
        names = ("DomainArn", "DomainId", "DomainName", "Status", "CreationTime", "LastModifiedTime")
        return page([selected(domain, names) for domain in self._domains.values()], query, "Domains")

    def _delete_domain(self, request: DomainId) -> None:
        domain = self._domain(request)
        if any(domain_id == request["DomainId"] for domain_id, _ in self._profiles):
            message = f"Unable to delete Domain {request['DomainId']} because UserProfile(s) are associated with it."
            raise AwsError("ResourceInUse", message)
        if spaces := self._apps.spaces_of(request["DomainId"]):
            message = f"Unable to delete Domain {request['DomainId']} because Space(s) are associated with it: {spaces}"
            raise AwsError("ResourceInUse", message)
        self._recorder.tags.forget(domain.arn)
        del self._domains[request["DomainId"]]

    # User profiles

    def _profile(self, request: ProfileName) -> Record:
        key = (request["DomainId"], request["UserProfileName"])
        if key not in self._profiles:
            raise missing("UserProfile", key[1])
        return self._profiles[key]

    def _create_profile(self, request: CreateProfile) -> Answer:
        self._domain(request)
        key = (request["DomainId"], request["UserProfileName"])
        if key in self._profiles:
            raise AwsError("ResourceInUse", f"UserProfile {key[1]} already exists")
        profile = self._recorder.record(
            "UserProfile", f"user-profile/{key[0]}/{key[1]}", request, request.get("Tags", [])
        )
        profile.fields.update(Status="InService")
        self._profiles[key] = profile
        return {"UserProfileArn": profile.arn}

    def _describe_profile(self, request: ProfileName) -> Answer:
        return self._profile(request).fields

    def _update_profile(self, request: ProfileName) -> Answer:
        profile = self._profile(request)
        keys = ("DomainId", "UserProfileName")
        change(profile, {name: value for name, value in request.items() if name not in keys})
        return {"UserProfileArn": profile.arn}

    def _list_profiles(self, query: ListProfiles) -> Answer:
        names = ("DomainId", "UserProfileName", "Status", "CreationTime", "LastModifiedTime")
        found = [
            selected(profile, names)
            for (domain_id, name), profile in self._profiles.items()
            if query.get("DomainIdEquals") in (None, domain_id) and query.get("UserProfileNameContains", "") in name
        ]
        return page(found, query, "UserProfiles")

    def _delete_profile(self, request: ProfileName) -> None:
        profile = self._profile(request)
        domain, name = request["DomainId"], request["UserProfileName"]
        if found := [*self._apps.apps_of(domain, profile=name), *self._apps.spaces_of(domain, name)]:
            message = f"Unable to delete UserProfile {name} because Space(s) or App(s) are associated with it: {found}"
            raise AwsError("ResourceInUse", message)
        self._recorder.tags.forget(profile.arn)
        del self._profiles[request["DomainId"], request["UserProfileName"]]

    # Lifecycle configurations

    def _config(self, request: ConfigName) -> Record:
        name = request["StudioLifecycleConfigName"]
        if name not in self._configs:
            raise missing("StudioLifecycleConfig", name)
        return self._configs[name]

    def _create_config(self, request: CreateConfig) -> Answer:
        name = request["StudioLifecycleConfigName"]
        if name in self._configs:
            raise AwsError("ResourceInUse", f"StudioLifecycleConfig {name} already exists")
        resource = f"studio-lifecycle-config/{name}"
        self._configs[name] = self._recorder.record("StudioLifecycleConfig", resource, request, request.get("Tags", []))
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
        self._recorder.tags.forget(self._config(request).arn)
        del self._configs[request["StudioLifecycleConfigName"]]
