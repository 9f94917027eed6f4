"""The limits of the service that tests and users may want to shift."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

PREFIX = "LOCALCLOUD_ENDPOINT_"


@dataclass(frozen=True)
class EndpointSettings:
    """Every field can be set by the environment variable LOCALCLOUD_ENDPOINT_<NAME>.

    max_body_bytes: of a request, as botocore documents it.
    max_instances: serving processes an endpoint; AWS has no such limit, a laptop does.
    cold_load_seconds: how long a request waits for its model before ModelNotReadyException; loading goes on.
    load_seconds: how long loading itself may take.
    invoke_seconds: how long the container has for an answer.
    startup_seconds: until /ping has to answer, where the variant does not say.
    max_bake_seconds: a blue/green rollout bakes as long as its policy says, but no longer than this.
    max_unpacked_bytes: of one archive.
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
        """The defaults, with what the environment says."""
        given: dict[str, Any] = {}
        for each in fields(cls):
            text = environment.get(f"{PREFIX}{each.name.upper()}")
            if text is not None:
                given[each.name] = int(text) if each.type == "int" else float(text)
        return cls(**given)
