"""Runs a program with no network but its own loopback, as SageMaker runs a job with EnableNetworkIsolation.

Imported, it offers `isolated_command(argv)`. Run as `python -I network_isolation.py PROGRAM ARGUMENT...`, it is that
command: it moves its own process into a new user and network namespace, as the same user, and executes the program
there. Linux only.
"""

from __future__ import annotations

import ctypes
import fcntl
import functools
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 0x1


def isolated_command(argv: Sequence[str]) -> list[str]:
    """The command that runs `argv` without a network."""
    return [sys.executable, "-I", __file__, *argv]


@functools.cache
def is_supported() -> bool:
    """Whether this machine lets its users create network namespaces."""
    return subprocess.run(isolated_command(["true"]), capture_output=True).returncode == 0


def _enter_network_namespace() -> None:
    user, group = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))


def main(argv: list[str]) -> int:
    _enter_network_namespace()
    try:
        os.execvp(argv[0], argv)  # noqa: S606
    except OSError as error:
        print(f"{argv[0]}: {error.strerror}", file=sys.stderr)
        return 127  # as docker


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
