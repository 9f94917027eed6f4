"""JSON text as Step Functions writes it."""

from __future__ import annotations

import json
from typing import Any


def to_json(value: Any) -> str:
    """Compact JSON; characters outside ASCII stay as they are."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
