"""The only snapshot: the local environment's definition. `UPDATE_SNAPSHOT=1` rewrites it; review the difference."""

from __future__ import annotations

import json
import os
from pathlib import Path

import config
from pipeline import state_machine

SNAPSHOT = Path(__file__).parent / "state_machine.local.json"


def test_the_definition_matches_the_reviewed_snapshot() -> None:
    text = json.dumps(state_machine(config.load("local")), indent=1) + "\n"
    if os.environ.get("UPDATE_SNAPSHOT"):
        SNAPSHOT.write_text(text)
    assert text == SNAPSHOT.read_text()
