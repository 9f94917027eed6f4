"""The instances of a job: each is a host with its own name, /opt/ml and log stream, all on this machine."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from localcloud.sagemaker.jobs.opt_ml import OptMl

_ROOM_BYTES = 1_000_000
"""With less the disk counts as full."""


@dataclass(frozen=True)
class Host:
    """One instance of a job: number `index` of `count`, starting at 0."""

    index: int
    count: int
    opt_ml: OptMl

    @property
    def label(self) -> str:
        """algo-1, algo-2, ...: its name in logs and metrics, and for the other hosts of a processing job."""
        return f"algo-{self.index + 1}"

    @property
    def share(self) -> tuple[int, int]:
        """(index, count): the part of an input sharded by S3 key that this host gets."""
        return self.index, self.count


@contextlib.contextmanager
def fresh_hosts(directory: Path, count: int) -> Iterator[list[Host]]:
    """Hosts with empty /opt/ml trees below `directory`; their files are kept only if the block raises an error.

    Not on a full disk, which they may have filled: everything else here needs some of it.
    """
    hosts: list[Host] = []
    succeeded = False
    try:
        for index in range(count):
            hosts.append(Host(index, count, OptMl(directory / f"algo-{index + 1}")))
        yield hosts
        succeeded = True
    finally:
        for host in hosts:
            full = shutil.disk_usage(directory).free < _ROOM_BYTES
            host.opt_ml.close(keep_files=not succeeded and not full)
