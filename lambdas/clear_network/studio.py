"""Deleting the apps and spaces of a Studio domain: a user profile, and with it the domain, cannot go before them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from imgcls.contract.failures import service_errors
from lambdas.clear_network.waiting import until_none
from lambdas.common import bounded

GONE = ("Deleted", "Failed")
"""Status of an app that is not in the way: deleted apps are listed for a day."""


def remove(sagemaker: Any, domain: str) -> None:
    """Delete what people opened in the domain, and wait until it is gone. Raises TimeoutError naming what is left."""
    for app in _apps(sagemaker, domain):
        if app["Status"] not in ("Deleting", *GONE):
            owner = {name: app[name] for name in ("SpaceName", "UserProfileName") if app.get(name)}
            with _already_gone():
                sagemaker.delete_app(DomainId=domain, AppType=app["AppType"], AppName=app["AppName"], **owner)
    until_none(
        lambda: [app["AppName"] for app in _apps(sagemaker, domain) if app["Status"] not in GONE], "the Studio apps"
    )
    for space in _spaces(sagemaker, domain):
        if space["Status"] != "Deleting":
            with _already_gone():
                sagemaker.delete_space(DomainId=domain, SpaceName=space["SpaceName"])
    until_none(lambda: [space["SpaceName"] for space in _spaces(sagemaker, domain)], "the Studio spaces")


def _apps(sagemaker: Any, domain: str) -> list[dict[str, Any]]:
    pages = sagemaker.get_paginator("list_apps").paginate(DomainIdEquals=domain)
    return list(bounded.items((app for page in pages for app in page["Apps"]), "Studio apps"))


def _spaces(sagemaker: Any, domain: str) -> list[dict[str, Any]]:
    pages = sagemaker.get_paginator("list_spaces").paginate(DomainIdEquals=domain)
    return list(bounded.items((space for page in pages for space in page["Spaces"]), "Studio spaces"))


@contextlib.contextmanager
def _already_gone() -> Iterator[None]:
    """Somebody else may delete the same."""
    try:
        yield
    except ClientError as error:
        if not service_errors.is_missing(error.response):
            raise
