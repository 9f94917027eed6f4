"""The shell of a build: its commands share exported variables and the current folder, as in buildspec version 0.2."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

from localcloud.codebuild.surroundings import PACKAGE
from localcloud.context import Cloud
from localcloud.isolation.view import View
from localcloud.logs import LogWriter
from localcloud.processes import Process

# Each command is a script of its own, as in CodeBuild: `exit` and `set -e` end the command and not the build.
_SCRIPT = """\
. {env}
cd "$(cat {folder})"
export CODEBUILD_BUILD_SUCCEEDING={succeeding}
trap 'code=$?; export -p > {env}; pwd > {folder}; exit $code' EXIT
{command}
"""


class Shell:
    """Starts the commands of one build; what they print goes to the build's log."""

    def __init__(self, cloud: Cloud, home: Path, source: Path, variables: Mapping[str, str], log: LogWriter) -> None:
        self._cloud = cloud
        self._home = home
        self._source = source
        self._variables = dict(variables)
        self._log = log
        self._env, self._folder, self._output = home / "env.sh", home / "folder", home / "output"
        self._env.write_text("")
        self._folder.write_text(f"{source}\n")
        self._shipped = 0

    def start(self, command: str, *, succeeding: bool) -> Process:
        script = self._home / "script.sh"
        script.write_text(
            _SCRIPT.format(
                env=shlex.quote(str(self._env)),
                folder=shlex.quote(str(self._folder)),
                succeeding=int(succeeding),
                command=command,
            )
        )
        with self._output.open("ab") as output:
            return self._cloud.processes.start(
                ["/bin/sh", str(script)],
                cwd=self._source,
                env=self._variables,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                view=View(read=[PACKAGE], write=[self._home]),
            )

    def ship(self, *, last: bool = False) -> None:
        """Send the whole lines that were printed since the last call; with `last`, the rest too."""
        with self._output.open("rb") as output:
            output.seek(self._shipped)
            new = output.read()
        end = len(new) if last else new.rfind(b"\n") + 1
        if end:
            self._shipped += end
            self._log.write(new[:end].decode(errors="replace"))
