"""A synthesized assembly as the CDK CLI reads it: its stacks, the roles that deploy them, where their templates go."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.app import AppConfig
from kennel.cloud.session import Session
from kennel.errors import KennelError
from kennel.workspace import clone, project

Template = dict[str, Any]


@dataclass(frozen=True)
class Stack:
    """One stack of an assembly, in the terms of the CDK's manifest. `bucket` and `key`: where its template goes."""

    name: str
    template: Template
    body: str
    bucket: str
    key: str
    deploy_role: str
    execution_role: str
    publishing_role: str
    bootstrap_parameter: str
    bootstrap_version: int
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def imports(self) -> set[str]:
        """The names of the exports that it imports."""
        return set(_imports(self.template))

    @property
    def exports(self) -> set[str]:
        outputs = self.template.get("Outputs", {}).values()
        return {output["Export"]["Name"] for output in outputs if "Export" in output}


def synthesize(session: Session) -> tuple[Stack, ...]:
    """The stacks of the session's environment, freshly synthesized. Raises KennelError when they cannot be."""
    return read(write(session.config, session.variables()), session)


def write(config: AppConfig, variables: Mapping[str, str]) -> Path:
    """The folder of an environment's assembly, freshly synthesized, which asks no account for anything.

    Raises KennelError when it cannot be.
    """
    output = folder(config)
    code = clone.cdk(
        ["synth", "--quiet"],
        project=project.path(),
        environment_name=config.environment,
        variables=variables,
        output=output,
        quiet=True,
    )
    if code:
        raise KennelError(f"{config.environment} cannot be synthesized: see above")
    return output


def folder(config: AppConfig) -> Path:
    """Where an environment's assembly lies between the commands that use it."""
    return clone.home() / "cdk.out" / config.prefix


def run_cdk(session: Session, arguments: list[str], *, synthesized: bool = False) -> int:
    """The exit code of the CDK CLI on the environment, or on the assembly that was `synthesized` last."""
    return clone.cdk(
        arguments,
        project=project.path(),
        environment_name=session.config.environment,
        variables=session.variables(),
        output=folder(session.config),
        synthesized=synthesized,
    )


def read(folder: Path, session: Session) -> tuple[Stack, ...]:
    """The stacks of an assembly in an order in which each follows those that it depends on."""
    artifacts = json.loads((folder / "manifest.json").read_text())["artifacts"]
    stacks = {name: item for name, item in artifacts.items() if item["type"] == "aws:cloudformation:stack"}
    return tuple(_stack(folder, name, stacks[name], session) for name in _ordered(stacks))


def _ordered(stacks: dict[str, Any]) -> list[str]:
    order: list[str] = []

    def visit(name: str) -> None:
        for other in stacks[name].get("dependencies", ()):
            if other in stacks:
                visit(other)
        if name not in order:
            order.append(name)

    for name in stacks:
        visit(name)
    return order


def _stack(folder: Path, name: str, artifact: dict[str, Any], session: Session) -> Stack:
    properties = artifact["properties"]
    body = (folder / properties["templateFile"]).read_text()
    bucket, _, key = properties["stackTemplateAssetObjectUrl"].removeprefix("s3://").partition("/")
    fill = session.fill_placeholders
    return Stack(
        name=properties.get("stackName", name),
        template=json.loads(body),
        body=body,
        bucket=fill(bucket),
        key=key,
        deploy_role=fill(properties["assumeRoleArn"]),
        execution_role=fill(properties["cloudFormationExecutionRoleArn"]),
        publishing_role=fill(_publishing_role(folder, f"{name}.assets.json", key)),
        bootstrap_parameter=properties["bootstrapStackVersionSsmParameter"],
        bootstrap_version=properties["requiresBootstrapStackVersion"],
        tags=tuple(properties.get("tags", {}).items()),
    )


def _publishing_role(folder: Path, manifest: str, key: str) -> str:
    """The role that uploads the file with this key."""
    files = json.loads((folder / manifest).read_text())["files"].values()
    destinations = [item for file in files for item in file["destinations"].values()]
    return next(str(item["assumeRoleArn"]) for item in destinations if item["objectKey"] == key)


def _imports(value: Any) -> list[str]:
    if isinstance(value, list):
        return [name for item in value for name in _imports(item)]
    if not isinstance(value, dict):
        return []
    own = [value["Fn::ImportValue"]] if isinstance(value.get("Fn::ImportValue"), str) else []
    return own + [name for item in value.values() for name in _imports(item)]
