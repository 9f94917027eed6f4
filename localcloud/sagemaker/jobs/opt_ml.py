"""A container's own /opt/ml: its place on this machine, and the translation of paths that lead into it."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from localcloud.isolation.view import View
from localcloud.sagemaker.api.validation import refusal

# Not in the middle of another path (/usr/opt/ml, /opt/mlflow) and not in a bucket that is called "opt".
_OPT_ML = re.compile(r"(?<![\w.\-])(?<!s3:/)/opt/ml(?![\w.\-])")

# By this program the training toolkit counts GPUs for SM_NUM_GPUS; NVIDIA's ends like this on a machine without any.
_NO_GPUS = "#!/bin/sh\necho No devices were found\nexit 6\n"


class OptMl:
    """One container's directory: `base` stands for /opt/ml, `work` is the container's working directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.base = directory / "opt" / "ml"
        self.work = directory / "work"
        self.log_file = directory / "log.txt"
        self.base.mkdir(parents=True)
        self.work.mkdir()
        # Unix sockets (torch's data loaders) live in TMPDIR and their paths are limited to 108 bytes: keep it short.
        self.temporary = Path(tempfile.mkdtemp(prefix="job-"))
        self.write_program("nvidia-smi", _NO_GPUS)

    def local(self, text: str) -> str:
        """`text` with every path below /opt/ml leading into this directory."""
        return _OPT_ML.sub(lambda _: str(self.base), text)

    def local_arguments(self, arguments: Iterable[str]) -> list[str]:
        return [self.local(argument) for argument in arguments]

    def local_variables(self, variables: Mapping[str, str]) -> dict[str, str]:
        return {name: self.local(value) for name, value in variables.items()}

    def local_json(self, value: object) -> object:
        """A JSON-like value in which local() is applied to every string except the keys."""
        if isinstance(value, str):
            return self.local(value)
        if isinstance(value, list):
            return [self.local_json(item) for item in value]
        if isinstance(value, dict):
            return {key: self.local_json(item) for key, item in value.items()}
        return value

    def original(self, text: str) -> str:
        """`text` as the container would have printed it: with /opt/ml."""
        return text.replace(str(self.base), "/opt/ml")

    def path(self, container_path: str) -> Path:
        """The path on this machine of a path below /opt/ml."""
        check_container_path(container_path, "path")
        return Path(self.local(container_path))

    def write_json(self, relative: str, value: object) -> None:
        path = self.base / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value))

    @property
    def programs(self) -> Path:
        """This job's own programs, which are found before those of the machine."""
        return self.work / "bin"

    def write_program(self, name: str, source: str) -> None:
        self.programs.mkdir(exist_ok=True)
        (self.programs / name).write_text(source)
        (self.programs / name).chmod(0o755)

    def view(self, read: Sequence[Path] = ()) -> View:
        """What the container sees: its own tree, its temporary folder, and `read`."""
        return View(read=read, write=[self.base, self.work], temporary=self.temporary)

    def close(self, *, keep_files: bool) -> None:
        """Delete the temporary files, and all others unless they help to find out why a job failed."""
        shutil.rmtree(self.temporary, ignore_errors=True)
        if not keep_files:
            shutil.rmtree(self.base, ignore_errors=True)
            shutil.rmtree(self.work, ignore_errors=True)


def check_container_path(path: str, field: str) -> None:
    """Refuse a container path that has no counterpart on this machine."""
    if not re.fullmatch(r"/opt/ml(/.*)?", path) or ".." in path.split("/"):
        raise refusal(f"{field} {path!r}", "use a path below /opt/ml")
