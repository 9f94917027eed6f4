"""kill -9 of the local cloud while a job, an endpoint, a function with a detached child and a build run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from localcloud.isolation.leftovers import STATE

from .napping_cloud import NAP

ROOT = Path(__file__).parents[2]
LEFTOVERS = ROOT / "localcloud" / "isolation" / "leftovers.py"
CLOUD = Path(__file__).with_name("napping_cloud.py")


def sleepers() -> list[psutil.Process]:
    found = psutil.process_iter(["cmdline", "status"])
    return [each for each in found if each.info["cmdline"] == ["sleep", NAP] and each.info["status"] != "zombie"]


def marked(root: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(STATE) == str(root) and process.status() != "zombie":
                found.append(process)
        except psutil.Error:
            continue
    return found


def killed_cloud(root: Path, child_environment: dict[str, str], *options: str) -> None:
    """Run everything, wait until five things sleep, and kill the cloud."""
    command = [sys.executable, str(CLOUD), str(root), json.dumps(child_environment), *options]
    cloud = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        assert cloud.stdout is not None
        assert cloud.stdout.readline() == b"started\n"
        deadline = time.monotonic() + 60
        while len(sleepers()) < 5:
            assert time.monotonic() < deadline, f"only {len(sleepers())} sleep"
            time.sleep(0.05)
    finally:
        cloud.send_signal(signal.SIGKILL)
        cloud.wait()


def gone(root: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while sleepers() or marked(root):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture(autouse=True)
def no_sleeper() -> Iterator[None]:
    assert not sleepers()
    yield
    for process in sleepers():
        process.kill()


def test_nothing_is_left_seconds_after_the_kill(tmp_path: Path) -> None:
    killed_cloud(tmp_path, {})
    if (tmp_path / "isolation.txt").read_text().startswith("Isolated:"):
        assert gone(tmp_path, 5), [each.cmdline() for each in (*sleepers(), *marked(tmp_path))]
    else:
        pytest.skip("without process namespaces a detached child without its environment hides from us")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have no parent-death signal")
def test_without_a_view_what_escaped_ends_with_the_next_start(tmp_path: Path) -> None:
    killed_cloud(tmp_path, {STATE: str(tmp_path)}, "no-view")
    deadline = time.monotonic() + 5
    while len(sleepers()) > 2 and time.monotonic() < deadline:  # those that left their process group
        time.sleep(0.05)
    assert len(sleepers()) <= 2
    subprocess.run([sys.executable, str(LEFTOVERS), str(tmp_path)], check=True)
    assert gone(tmp_path, 1)


def test_the_sweep_ends_no_process_of_another_state(tmp_path: Path) -> None:
    other = subprocess.Popen(["sleep", "30"], env={STATE: str(tmp_path / "other")})
    subprocess.run([sys.executable, str(LEFTOVERS), str(tmp_path)], check=True)
    assert other.poll() is None
    subprocess.run([sys.executable, str(LEFTOVERS), str(tmp_path / "other")], check=True)
    assert other.wait(5) == -signal.SIGKILL
