"""Scripts of model_code/ that need torch, run as a process of their own: this package never imports it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from kennel.errors import KennelError
from kennel.workspace import clone


def run(name: str, *arguments: object) -> str:
    """What the script printed. Raises KennelError with its sentence when it refuses.

    Raises CalledProcessError with the traceback for a failure that the script does not explain: that is a bug.
    """
    script = clone.ROOT / "model_code" / name
    command: Sequence[str] = [sys.executable, str(script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 1 and "Traceback" not in done.stderr:
        raise KennelError(done.stderr.strip().splitlines()[-1])
    if done.returncode:
        sys.stderr.write(done.stderr)
        done.check_returncode()
    return done.stdout
