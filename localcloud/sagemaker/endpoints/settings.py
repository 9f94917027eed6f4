"""Limits of the hosting service that tests and users may want to change."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

PREFIX = "LOCALCLOUD_ENDPOINT_"


@dataclass(frozen=True)
class EndpointSettings:
    """Every field can be set by the environment variable LOCALCLOUD_ENDPOINT_<NAME>.

    max_body_bytes: the largest body of a request, as botocore documents it.
    max_instances: serving processes per endpoint; AWS has no such limit, but a laptop does.
    cold_load_seconds: how long a request waits for its model before ModelNotReadyException; loading continues.
    load_seconds: how long loading itself may take.
    invoke_seconds: how long the container may take to answer.
    startup_seconds: until /ping must answer, unless the variant sets it.
    max_bake_seconds: the longest that a blue/green rollout bakes, whatever its policy says.
    max_unpacked_bytes: the largest unpacked size of an archive.
    """

    max_body_bytes: int = 6_291_456
    max_instances: int = 2
    cold_load_seconds: float = 60.0
    load_seconds: float = 360.0
    invoke_seconds: float = 60.0
    startup_seconds: float = 60.0
    max_bake_seconds: float = 3.0
    max_unpacked_bytes: int = 8 * 1024**3

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> EndpointSettings:
        """The defaults, overridden by environment variables."""
        given: dict[str, Any] = {}
        for each in fields(cls):
            text = environment.get(f"{PREFIX}{each.name.upper()}")
            if text is not None:
                given[each.name] = int(text) if each.type == "int" else float(text)
        return cls(**given)
