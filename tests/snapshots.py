"""Files of what was reviewed: a test compares, `UPDATE_SNAPSHOT=1` writes them anew; read the difference."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ABSENT = "(absent)"


def assert_reviewed(path: Path, value: Any) -> None:
    """The file has `value`, a text as it is and anything else as JSON."""
    text = value if isinstance(value, str) else json.dumps(value, indent=1) + "\n"
    if os.environ.get("UPDATE_SNAPSHOT"):
        path.write_text(text)
    assert text == path.read_text(), f"{path.name} was not reviewed as it is now: UPDATE_SNAPSHOT=1 writes it"


def differences(before: Any, after: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(path, new value) of each part that is not the same. What is new is one part."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            yield from differences(before.get(key, ABSENT), after.get(key, ABSENT), f"{path}/{key}".removeprefix("/"))
    elif before != after:
        yield path, after
