"""Build specifications, version 0.2: the commands of each phase. What is not carried out here is refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

PHASES = ("install", "pre_build", "build", "post_build")
_KEYS = {"version", "env", "phases"}
_ENV_KEYS = {"variables", "shell"}
_PHASE_KEYS = {"commands", "finally", "on-failure"}


class BuildspecError(ValueError):
    """The specification is not valid, or has something that the local cloud does not emulate."""


@dataclass(frozen=True)
class Phase:
    """`last`: the commands of `finally`, which run also after a command that failed."""

    name: str
    commands: tuple[str, ...] = ()
    last: tuple[str, ...] = ()


@dataclass(frozen=True)
class Buildspec:
    phases: tuple[Phase, ...]
    variables: Mapping[str, str]

    @classmethod
    def parse(cls, text: str) -> Buildspec:
        """YAML, of which JSON is a part. Raises BuildspecError."""
        try:
            document = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise BuildspecError(f"YAML_FILE_ERROR: {error}") from error
        if not isinstance(document, dict) or not isinstance(document.get("phases"), dict):
            raise BuildspecError("YAML_FILE_ERROR: the buildspec has no phases")
        if str(document.get("version")) != "0.2":
            raise BuildspecError(f"localcloud does not emulate buildspec version {document.get('version')}: write 0.2")
        _refuse_others(document, _KEYS, "")
        environment = document.get("env") or {}
        _refuse_others(environment, _ENV_KEYS, "env/")
        if environment.get("shell", "sh") not in ("sh", "/bin/sh"):
            raise BuildspecError(f"localcloud does not emulate the shell {environment['shell']}: leave env/shell out")
        _refuse_others(document["phases"], set(PHASES), "phases/")
        phases = tuple(_phase(name, document["phases"].get(name) or {}) for name in PHASES)
        variables = {name: str(value) for name, value in (environment.get("variables") or {}).items()}
        return cls(phases, variables)


def _phase(name: str, entry: dict[str, Any]) -> Phase:
    _refuse_others(entry, _PHASE_KEYS, f"phases/{name}/")
    if entry.get("on-failure", "ABORT") != "ABORT":
        raise BuildspecError(f"localcloud does not emulate phases/{name}/on-failure {entry['on-failure']}: write ABORT")
    commands, last = (tuple(str(item) for item in entry.get(key) or ()) for key in ("commands", "finally"))
    return Phase(name, commands, last)


def _refuse_others(entry: Mapping[str, Any], known: set[str], where: str) -> None:
    for key in entry:
        if key not in known:
            raise BuildspecError(f"localcloud does not emulate {where}{key} in a buildspec: leave it out")
