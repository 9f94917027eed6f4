"""JSON text as Step Functions writes it."""

from __future__ import annotations

import json

from localcloud.json_types import JSON


def to_json(value: JSON) -> str:
    """Compact JSON; characters outside ASCII stay as they are."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
