"""`kennel config`: what is in force and where it comes from, and the schema for editors."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from config.project_file.schema import schema
from config.project_file.show import rows, tree
from kennel.cli.group import Group
from kennel.cli.output import AsJson, Environment, console, print_json
from kennel.workspace import project

app = Group(help="The project file, kennel.yaml.", no_args_is_help=True)


@app.command()
def show(
    env: Environment = "local",
    key: Annotated[str, typer.Argument(metavar="[KEY]", help="a part of it, such as endpoint or models.NAME")] = "",
    as_json: AsJson = False,
) -> None:
    """Print the whole configuration of an environment, and where each value comes from."""
    resolved = project.resolve(env)
    found = rows(resolved, tuple(key.split(".")) if key else ())
    if as_json:
        print_json({"values": tree(resolved), "origins": {".".join(row.path): row.origin for row in found}})
        return
    width = max(len(row.text) for row in found)
    for row in found:
        console.print(f"{row.text:<{width}}  {row.origin}".rstrip(), markup=False, soft_wrap=True)


@app.command("schema")
def schema_() -> None:
    """Print the JSON schema of kennel.yaml, for editors."""
    value: dict[str, Any] = schema()
    print(json.dumps(value, indent=1))
