"""The SageMaker domain."""

from __future__ import annotations

from checks.assembly import Assembly, Resource
from checks.control import each

DOMAIN = "AWS::SageMaker::Domain"
DELETES_SPACES = "Custom::StudioApps"
APPS = ("JupyterLabAppSettings", "CodeEditorAppSettings")


def shuts_idle_apps(domain: Resource, _: Assembly) -> bool:
    idle = [domain.get(f"DefaultUserSettings.{app}.AppLifecycleManagement.IdleSettings", {}) for app in APPS]
    return all(item.get("LifecycleManagement") == "ENABLED" and item.get("IdleTimeoutInMinutes") for item in idle)


CONTROLS = (
    each(
        "domain.vpc-only",
        "send all traffic through the private network",
        DOMAIN,
        lambda domain, _: domain.get("AppNetworkAccessType") == "VpcOnly",
        when="VpcOnlyStudio",
    ),
    each(
        "domain.key",
        "be encrypted with the customer managed key",
        DOMAIN,
        lambda domain, assembly: assembly.at(domain.get("KmsKeyId"), "AWS::KMS::Key"),
    ),
    each("domain.idle", "shut down idle apps", DOMAIN, shuts_idle_apps),
    each(
        "domain.no-file-system",
        "not create a file system that outlives it",
        DOMAIN,
        lambda domain, _: domain.get("HomeEfsFileSystemCreation") == "Disabled",
    ),
    each(
        "domain.spaces",
        "keep people's spaces when its stack is deleted",
        DOMAIN,
        lambda _, assembly: not list(assembly.of(DELETES_SPACES)),
        when="Retain",
    ),
)
