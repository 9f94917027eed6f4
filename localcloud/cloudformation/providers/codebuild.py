"""CodeBuild projects: records; nothing is built."""

from __future__ import annotations

from localcloud.cloudformation.providers.api_resource import ApiResource
from localcloud.cloudformation.providers.base import (
    Properties,
    Provider,
    Request,
)


def _project(properties: Properties, request: Request) -> Properties:
    """The buildspec is inside the source, where the API spells it in one word."""
    values = dict(properties)
    source = dict(values["Source"])
    if "BuildSpec" in source:
        source["Buildspec"] = source.pop("BuildSpec")
    return {**values, "Source": source}


PROVIDERS: dict[str, Provider] = {
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
