"""Whether this machine lets processes have a view of their own, and the sentence that says what follows from it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcloud.isolation.view import View

_SYSCTL = Path("/proc/sys")
_WITHOUT = (
    "Not isolated: jobs, functions, builds and endpoints run as you. They can read your files, your credentials and "
    "the environments of your processes"
)


@dataclass(frozen=True)
class Support:
    """view: of files and processes; network: none but a loopback. reason: why there is no view."""

    view: bool = False
    network: bool = False
    reason: str = "not tried"

    @classmethod
    def found_by(cls, start: Callable[..., Any]) -> Support:
        """Try both with `start`, which is ProcessGroups.start."""
        if not sys.platform.startswith("linux"):
            return cls(reason="this needs Linux")
        failures = [_failure(start, view=View()), _failure(start, network=False)]
        return cls(not failures[0], not failures[1], failures[0])

    def sentence(self) -> str:
        """What holds on this machine, for whoever starts the cloud."""
        if self.view:
            return (
                "Isolated: jobs, functions, builds and endpoints see the system's programs, Python and their own "
                "files, no home and no other process. They reach the network, except jobs with EnableNetworkIsolation"
            )
        return f"{_WITHOUT} ({self.reason}). {_remedy()}"


def _failure(start: Callable[..., Any], **options: Any) -> str:
    """Why a process cannot be started like this; empty if it can."""
    ignored = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        code = start(["/bin/sh", "-c", ":"], **ignored, **options).wait(10)
    except OSError as error:
        return str(error.strerror)
    return "" if code == 0 else f"a first try ended with {code}"


def _remedy() -> str:
    if not sys.platform.startswith("linux"):
        return "Run only code that you trust, or run the local cloud on Linux"
    for name in ("kernel/apparmor_restrict_unprivileged_userns", "kernel/unprivileged_userns_clone"):
        wrong = "1" if "restrict" in name else "0"
        if _read(name) == wrong:
            return f"To isolate them: sudo sysctl -w {name.replace('/', '.')}={1 - int(wrong)}"
    if os.path.exists("/.dockerenv") or os.path.exists("/run/.containerenv"):
        return (
            "To isolate them, start this container with `--security-opt` for each of seccomp=unconfined,"
            " apparmor=unconfined and systempaths=unconfined"
        )
    return "To isolate them, let users create namespaces (user.max_user_namespaces, Linux 5.12 or later)"


def _read(name: str) -> str:
    try:
        return (_SYSCTL / name).read_text().strip()
    except OSError:
        return ""
