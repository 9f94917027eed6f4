"""Studio: domains, user profiles and lifecycle configurations, recorded; no notebook runs."""

from __future__ import annotations

import datetime
import threading
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from localcloud.context import Cloud
from localcloud.errors import AwsError
from localcloud.sagemaker.jobs.records import page
from localcloud.sagemaker.jobs.tags import Tags
from localcloud.sagemaker.jobs.validation import check_request, echoed
from localcloud.server import Application

Record = dict[str, Any]
Request = dict[str, Any]


def install(cloud: Cloud, app: Application) -> None:
    """Answer the Studio operations in place of moto."""
    tags = Tags()
    studio = Studio(cloud, tags)
    for name in _OPERATIONS:
        app.operation("sagemaker", name, partial(studio.answer, name))
    app.add_handler(tags.handle)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _missing(kind: str, name: str) -> AwsError:
    return AwsError("ResourceNotFound", f"{kind} [{name}] does not exist.")


class Studio:
    """The records; profiles are keyed by domain and name."""

    def __init__(self, cloud: Cloud, tags: Tags) -> None:
        self._place = f"{cloud.region}:{cloud.account_id}"
        self._tags = tags
        self._lock = threading.RLock()
        self._domains: dict[str, Record] = {}
        self._profiles: dict[tuple[str, str], Record] = {}
        self._configs: dict[str, Record] = {}

    def answer(self, operation: str, request: Request) -> Record | None:
        """Check the request against the service model and answer it."""
        check_request(operation, request)
        with self._lock:
            return _OPERATIONS[operation](self, request)

    def _record(self, kind: str, resource: str, request: Request) -> Record:
        arn = f"arn:aws:sagemaker:{self._place}:{resource}"
        self._tags.add(arn, request.get("Tags", []))
        moment = _now()
        return {
            **echoed(request, f"Describe{kind}"),
            f"{kind}Arn": arn,
            "CreationTime": moment,
            "LastModifiedTime": moment,
        }

    def _change(self, record: Record, request: Request, keys: set[str]) -> None:
        """Nested settings merge, as the service's updates do; everything else is replaced."""
        for name, value in request.items():
            if name in keys:
                continue
            old = record.get(name)
            record[name] = {**old, **value} if isinstance(old, dict) and isinstance(value, dict) else value
        record["LastModifiedTime"] = _now()

    # Domains

    def _domain(self, request: Request) -> Record:
        if request["DomainId"] not in self._domains:
            raise _missing("Domain", request["DomainId"])
        return self._domains[request["DomainId"]]

    def create_domain(self, request: Request) -> Record:
        if any(domain["DomainName"] == request["DomainName"] for domain in self._domains.values()):
            raise AwsError("ResourceInUse", f"Domain {request['DomainName']} already exists")
        domain_id = f"d-{uuid.uuid4().hex[:12]}"
        record = self._record("Domain", f"domain/{domain_id}", request)
        self._domains[domain_id] = {**record, "DomainId": domain_id, "Status": "InService"}
        return {"DomainArn": record["DomainArn"], "DomainId": domain_id}

    def describe_domain(self, request: Request) -> Record:
        return self._domain(request)

    def update_domain(self, request: Request) -> Record:
        domain = self._domain(request)
        changes = dict(request)
        if "DomainSettingsForUpdate" in changes:
            changes["DomainSettings"] = changes.pop("DomainSettingsForUpdate")
        self._change(domain, changes, {"DomainId"})
        return {"DomainArn": domain["DomainArn"]}

    def list_domains(self, request: Request) -> Record:
        names = ("DomainArn", "DomainId", "DomainName", "Status", "CreationTime", "LastModifiedTime")
        return page([{name: item[name] for name in names} for item in self._domains.values()], request, "Domains")

    def delete_domain(self, request: Request) -> None:
        domain = self._domain(request)
        users = [name for domain_id, name in self._profiles if domain_id == request["DomainId"]]
        if users:
            message = f"Unable to delete Domain {request['DomainId']} because UserProfile(s) are associated with it."
            raise AwsError("ResourceInUse", message)
        self._tags.forget(domain["DomainArn"])
        del self._domains[request["DomainId"]]

    # User profiles

    def _profile(self, request: Request) -> Record:
        key = (request["DomainId"], request["UserProfileName"])
        if key not in self._profiles:
            raise _missing("UserProfile", key[1])
        return self._profiles[key]

    def create_user_profile(self, request: Request) -> Record:
        self._domain(request)
        key = (request["DomainId"], request["UserProfileName"])
        if key in self._profiles:
            raise AwsError("ResourceInUse", f"UserProfile {key[1]} already exists")
        record = self._record("UserProfile", f"user-profile/{key[0]}/{key[1]}", request)
        self._profiles[key] = {**record, "Status": "InService"}
        return {"UserProfileArn": record["UserProfileArn"]}

    def describe_user_profile(self, request: Request) -> Record:
        return self._profile(request)

    def update_user_profile(self, request: Request) -> Record:
        profile = self._profile(request)
        self._change(profile, request, {"DomainId", "UserProfileName"})
        return {"UserProfileArn": profile["UserProfileArn"]}

    def list_user_profiles(self, request: Request) -> Record:
        names = ("DomainId", "UserProfileName", "Status", "CreationTime", "LastModifiedTime")
        found = [
            {name: item[name] for name in names}
            for (domain_id, name), item in self._profiles.items()
            if request.get("DomainIdEquals") in (None, domain_id) and request.get("UserProfileNameContains", "") in name
        ]
        return page(found, request, "UserProfiles")

    def delete_user_profile(self, request: Request) -> None:
        profile = self._profile(request)
        self._tags.forget(profile["UserProfileArn"])
        del self._profiles[request["DomainId"], request["UserProfileName"]]

    # Lifecycle configurations

    def _config(self, request: Request) -> Record:
        name = request["StudioLifecycleConfigName"]
        if name not in self._configs:
            raise _missing("StudioLifecycleConfig", name)
        return self._configs[name]

    def create_studio_lifecycle_config(self, request: Request) -> Record:
        name = request["StudioLifecycleConfigName"]
        if name in self._configs:
            raise AwsError("ResourceInUse", f"StudioLifecycleConfig {name} already exists")
        self._configs[name] = self._record("StudioLifecycleConfig", f"studio-lifecycle-config/{name}", request)
        return {"StudioLifecycleConfigArn": self._configs[name]["StudioLifecycleConfigArn"]}

    def describe_studio_lifecycle_config(self, request: Request) -> Record:
        return self._config(request)

    def list_studio_lifecycle_configs(self, request: Request) -> Record:
        found = [
            {k: v for k, v in item.items() if k != "StudioLifecycleConfigContent"} for item in self._configs.values()
        ]
        return page(found, request, "StudioLifecycleConfigs")

    def delete_studio_lifecycle_config(self, request: Request) -> None:
        self._tags.forget(self._config(request)["StudioLifecycleConfigArn"])
        del self._configs[request["StudioLifecycleConfigName"]]


_OPERATIONS: dict[str, Callable[[Studio, Request], Record | None]] = {
    "CreateDomain": Studio.create_domain,
    "DescribeDomain": Studio.describe_domain,
    "UpdateDomain": Studio.update_domain,
    "ListDomains": Studio.list_domains,
    "DeleteDomain": Studio.delete_domain,
    "CreateUserProfile": Studio.create_user_profile,
    "DescribeUserProfile": Studio.describe_user_profile,
    "UpdateUserProfile": Studio.update_user_profile,
    "ListUserProfiles": Studio.list_user_profiles,
    "DeleteUserProfile": Studio.delete_user_profile,
    "CreateStudioLifecycleConfig": Studio.create_studio_lifecycle_config,
    "DescribeStudioLifecycleConfig": Studio.describe_studio_lifecycle_config,
    "ListStudioLifecycleConfigs": Studio.list_studio_lifecycle_configs,
    "DeleteStudioLifecycleConfig": Studio.delete_studio_lifecycle_config,
}
