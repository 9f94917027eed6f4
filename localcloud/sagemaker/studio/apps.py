"""Spaces and apps: records with the states of their deletion, which takes its time. Notebooks do not run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import NotRequired, TypedDict

from localcloud.errors import AwsError
from localcloud.sagemaker.api.listing import PageQuery, page
from localcloud.sagemaker.api.operations import Answer, Operation
from localcloud.sagemaker.studio.network import StudioNetwork
from localcloud.sagemaker.studio.records import Record, Recorder, Tagged, missing, selected

_DELETION_SECONDS = 0.5
_INTERFACE_SECONDS = 2.0  # an app's interface outlives it
_SPACE = ("DomainId", "SpaceName", "Status", "CreationTime", "LastModifiedTime")
_APP = ("DomainId", "SpaceName", "UserProfileName", "AppType", "AppName", "Status", "CreationTime")


class SpaceName(TypedDict):
    DomainId: str
    SpaceName: str


class OwnershipSettings(TypedDict):
    OwnerUserProfileName: str


class CreateSpace(SpaceName, Tagged):
    OwnershipSettings: NotRequired[OwnershipSettings]


class AppName(TypedDict):
    """Exactly one of the two owners."""

    DomainId: str
    SpaceName: NotRequired[str]
    UserProfileName: NotRequired[str]
    AppType: str
    AppName: str


class CreateApp(AppName, Tagged):
    pass


class ListSpaces(PageQuery, total=False):
    DomainIdEquals: str


class ListApps(ListSpaces, total=False):
    SpaceNameEquals: str
    UserProfileNameEquals: str


class Apps:
    """A deleted app stays in the list as Deleted; a deleted space leaves it."""

    def __init__(self, recorder: Recorder, network: StudioNetwork) -> None:
        self._recorder = recorder
        self._network = network
        self._spaces: dict[tuple[str, str], Record] = {}
        self._apps: list[Record] = []
        self._placements: dict[str, tuple[str, list[str]]] = {}
        self._interfaces: dict[str, str] = {}

    def operations(self) -> dict[str, Operation]:
        operations: dict[str, Operation] = {
            "CreateSpace": self._create_space,
            "DescribeSpace": self._describe_space,
            "ListSpaces": self._list_spaces,
            "DeleteSpace": self._delete_space,
            "CreateApp": self._create_app,
            "DescribeApp": self._describe_app,
            "ListApps": self._list_apps,
            "DeleteApp": self._delete_app,
        }
        return {name: self._recorder.locked(operation) for name, operation in operations.items()}

    def place(self, domain: str, subnet: str, groups: list[str]) -> None:
        """Where the apps of a domain have their interfaces."""
        self._placements[domain] = (subnet, groups)

    def spaces_of(self, domain: str, profile: str | None = None) -> list[str]:
        """The spaces of a domain, or those that a profile owns."""
        found = [space for (owner, _), space in self._spaces.items() if owner == domain]
        return [str(space.fields["SpaceName"]) for space in found if profile in (None, _owner(space))]

    def apps_of(self, domain: str, *, space: str | None = None, profile: str | None = None) -> list[str]:
        """The apps that are not deleted, of a space or of a profile."""
        wanted = {"DomainId": domain, **({"SpaceName": space} if space else {"UserProfileName": profile})}
        return [str(app.fields["AppName"]) for app in self._apps if _matches(app, wanted) and _is_there(app)]

    def _space(self, request: SpaceName) -> Record:
        key = (request["DomainId"], request["SpaceName"])
        if key not in self._spaces:
            raise missing("Space", key[1])
        return self._spaces[key]

    def _describe_space(self, request: SpaceName) -> Answer:
        return self._space(request).fields

    def _create_space(self, request: CreateSpace) -> Answer:
        key = (request["DomainId"], request["SpaceName"])
        if key in self._spaces:
            raise AwsError("ResourceInUse", f"Space {key[1]} already exists")
        space = self._recorder.record("Space", f"space/{key[0]}/{key[1]}", request, request.get("Tags", []))
        space.fields.update(Status="InService")
        self._spaces[key] = space
        return {"SpaceArn": space.arn}

    def _list_spaces(self, query: ListSpaces) -> Answer:
        wanted = {"DomainId": query["DomainIdEquals"]} if "DomainIdEquals" in query else {}
        found = [selected(space, _SPACE) for space in self._spaces.values() if _matches(space, wanted)]
        return page(found, query, "Spaces")

    def _delete_space(self, request: SpaceName) -> None:
        space = self._space(request)
        if apps := self.apps_of(request["DomainId"], space=request["SpaceName"]):
            raise AwsError("ResourceInUse", f"Unable to delete Space {request['SpaceName']}: App(s) {apps} are in it.")
        space.fields["Status"] = "Deleting"
        _later(_DELETION_SECONDS, lambda: self._forget_space(request["DomainId"], request["SpaceName"]))

    def _forget_space(self, domain: str, name: str) -> None:
        space = self._spaces.pop((domain, name), None)
        if space is not None:
            self._recorder.tags.forget(space.arn)

    def _app(self, request: AppName) -> Record:
        names = {name: request.get(name) for name in ("DomainId", "SpaceName", "UserProfileName", "AppType", "AppName")}
        found = [app for app in self._apps if all(app.fields.get(name) == value for name, value in names.items())]
        if not found:
            raise missing("App", request["AppName"])
        return found[-1]

    def _describe_app(self, request: AppName) -> Answer:
        return self._app(request).fields

    def _create_app(self, request: CreateApp) -> Answer:
        if "SpaceName" in request:
            self._space({"DomainId": request["DomainId"], "SpaceName": request["SpaceName"]})
        owner = request.get("SpaceName") or request.get("UserProfileName")
        resource = f"app/{request['DomainId']}/{owner}/{request['AppType']}/{request['AppName']}"
        app = self._recorder.record("App", resource, request, request.get("Tags", []))
        app.fields.update(Status="InService")
        if request["DomainId"] in self._placements:
            self._interfaces[app.arn] = self._network.add_interface(*self._placements[request["DomainId"]])
        self._apps.append(app)
        return {"AppArn": app.arn}

    def _list_apps(self, query: ListApps) -> Answer:
        names = {
            "DomainIdEquals": "DomainId",
            "SpaceNameEquals": "SpaceName",
            "UserProfileNameEquals": "UserProfileName",
        }
        wanted = {field: query[name] for name, field in names.items() if name in query}  # type: ignore[literal-required]
        return page([selected(app, _APP) for app in self._apps if _matches(app, wanted)], query, "Apps")

    def _delete_app(self, request: AppName) -> None:
        app = self._app(request)
        if app.fields["Status"] != "InService":
            raise missing("App", request["AppName"])
        app.fields["Status"] = "Deleting"
        _later(_DELETION_SECONDS, lambda: app.fields.update(Status="Deleted"))
        interface = self._interfaces.pop(app.arn, None)
        if interface is not None:
            _later(_INTERFACE_SECONDS, lambda: self._network.remove_interface(interface))


def _later(seconds: float, action: Callable[[], object]) -> None:
    timer = threading.Timer(seconds, action)
    timer.daemon = True
    timer.start()


def _owner(space: Record) -> object:
    ownership = space.fields.get("OwnershipSettings")
    return ownership.get("OwnerUserProfileName") if isinstance(ownership, dict) else None


def _matches(record: Record, wanted: Mapping[str, object]) -> bool:
    return all(record.fields.get(name) == value for name, value in wanted.items())


def _is_there(app: Record) -> bool:
    return app.fields["Status"] not in ("Deleted", "Failed")
