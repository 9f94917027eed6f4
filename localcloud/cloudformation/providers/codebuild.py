"""CodeBuild projects."""

from __future__ import annotations

from localcloud.cloudformation.providers.api_resource import ApiResource
from localcloud.cloudformation.providers.base import (
    AnyProvider,
    Request,
)
from localcloud.json_types import JsonObject, as_object


def _project(properties: JsonObject, request: Request) -> JsonObject:
    """Source.BuildSpec is spelled Buildspec in the API."""
    source = dict(as_object(properties["Source"]))
    if "BuildSpec" in source:
        source["Buildspec"] = source.pop("BuildSpec")
    return {**properties, "Source": source}


PROVIDERS: dict[str, AnyProvider] = {
    "AWS::CodeBuild::Project": ApiResource(
        service="codebuild",
        create_operation="CreateProject",
        update_operation="UpdateProject",
        read_operation="BatchGetProjects",
        delete_operation="DeleteProject",
        identifier="name",
        read_by="names",
        name_property="Name",
        name_limit=150,
        attributes={"Arn": "projects[0].arn"},
        found="projects[0]",
        transform=_project,
    ),
}
