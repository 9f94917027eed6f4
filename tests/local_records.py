"""The record by which commands find a local cloud that a test runs in its own process."""

from __future__ import annotations

import os
import sys

from kennel.cloud.local_record import LocalRecord
from localcloud import LocalCloud


def record_of(cloud: LocalCloud) -> LocalRecord:
    port = int(cloud.url.rpartition(":")[2])
    return LocalRecord(os.getpid(), 0.0, sys.executable, port, str(cloud.cloud.root), "")
