"""Through which network interface the processes of several instances find each other."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

JOIN = """
import os, torch
from imgcls.runtime import distributed
with distributed.joined(os.environ):
    print(os.environ["NCCL_SOCKET_IFNAME"], int(distributed.all_reduce_sum(torch.ones(1))), flush=True)
"""
RENAMED = ("unshare", "--user", "--map-root-user", "--uts", "sh", "-c", 'hostname algo-1 && exec "$@"', "sh")


def joined(prefix: tuple[str, ...] = (), **environment: str) -> list[str]:
    """What each of two processes printed, with its errors."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_SOCKET_IFNAME")}
    place = {**kept, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), **environment}
    processes = [
        subprocess.Popen(
            [*prefix, sys.executable, "-c", JOIN],
            env={**place, "RANK": str(rank), "LOCAL_RANK": str(rank), "PYTHONPATH": ":".join(filter(None, sys.path))},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for rank in range(2)
    ]  # fmt: skip
    return [process.communicate(timeout=120)[0] for process in processes]


def test_the_interface_that_sagemaker_names_is_used() -> None:
    found = joined(SM_NETWORK_INTERFACE_NAME="none0")
    assert all("none0" in text and "Error" in text for text in found), found


def test_an_interface_that_the_user_chose_stays() -> None:
    found = joined(SM_NETWORK_INTERFACE_NAME="none0", GLOO_SOCKET_IFNAME="lo", NCCL_SOCKET_IFNAME="lo")
    assert all(text.splitlines()[-1] == "lo 2" for text in found), found


def test_a_host_whose_name_does_not_resolve_does_not_fall_back_to_loopback() -> None:
    """As in a training job: gloo would warn that it listens on loopback, where no other instance reaches it."""
    if subprocess.run([*RENAMED, "true"], capture_output=True).returncode:
        pytest.skip("this machine does not let its users rename a host")
    found = joined(RENAMED, SM_NETWORK_INTERFACE_NAME="lo")
    assert all(text.splitlines()[-1] == "lo 2" and "fallback" not in text for text in found), found
