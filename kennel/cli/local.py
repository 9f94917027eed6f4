"""`kennel local`: the local cloud, an AWS endpoint on this machine that really runs the jobs."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Annotated

import psutil
import typer

from kennel.cli.group import Group
from kennel.cli.local_images import local_images
from kennel.cli.output import AsJson, console, print_json, print_table
from kennel.cloud import local_record, local_state
from kennel.errors import KennelError
from kennel.workspace import clone

READY_SECONDS = 60
STOP_SECONDS = 30

app = Group(help="The local cloud: no AWS account, no Docker.", no_args_is_help=True)


@app.command()
@local_state.one_at_a_time()
def up(port: Annotated[int, typer.Option(help="loopback port; 0 takes a free one")] = 4599) -> None:
    """Start the local cloud; returns when it is ready."""
    if running := local_record.read():
        console.print(f"The local cloud is already running at {running.url}")
        return
    root, token = local_state.root(), local_state.make()
    local_state.write_private(root / local_state.IMAGES, json.dumps(local_images()))
    log = root / local_state.LOG
    local_state.write_private(log, "")
    with log.open("a") as file:
        # A session of its own: the cloud outlives this command and does not see its Ctrl-C.
        process = subprocess.Popen(
            local_record.command(str(root), str(port)),
            cwd=clone.ROOT,
            env=clone.with_node(os.environ),
            stdout=file,
            stderr=file,
            start_new_session=True,
            umask=0o077,
        )
    record = local_record.write(process.pid, _wait_until_ready(process, log), root, token)
    console.print(f"The local cloud is ready at {record.url}")
    console.print(_isolation(record.root))


def _isolation(root: str) -> str:
    """How far the local cloud keeps what it runs apart from this machine: a sentence that it leaves in its folder."""
    path = Path(root) / "isolation.txt"
    return path.read_text().strip() if path.exists() else "unknown"


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> int:
    """The port it listens on. Raises KennelError with the log's last line when it does not come up."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        text = log.read_text()
        if "localcloud ready at" in text:
            return int(text.split("localcloud ready at", 1)[1].split()[0].rsplit(":", 1)[1])
        if process.poll() is not None:
            lines = text.strip().splitlines() or ["it said nothing"]
            raise KennelError(f"the local cloud did not start: {lines[-1]} (log: {log})")
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    raise KennelError(f"the local cloud was not ready after {READY_SECONDS} seconds (log: {log})")


@app.command()
@local_state.one_at_a_time()
def down(
    forget: Annotated[
        bool, typer.Option("--forget", help="delete its log, and its keys, so that `up` makes others")
    ] = False,
) -> None:
    """Stop the local cloud, and all that is in it."""
    record = local_record.read()
    if record is not None:
        _stop(record)
    forgotten = forget and local_state.forget()
    if record is None:
        local_record.sweep(str(local_state.root()))  # if it was killed, a process may be left that hid from its end
        console.print("The local cloud is not running" + ("; its keys are forgotten" if forgotten else ""))
    elif forget:
        console.print("The local cloud is stopped and forgotten")
    else:
        console.print("The local cloud is stopped; its keys and its log stay until `kennel local down --forget`")


def _stop(record: local_record.LocalRecord) -> None:
    """Raises KennelError if it has to be killed."""
    if (process := record.process()) is not None:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except psutil.TimeoutExpired:
            if process.is_running():
                os.killpg(record.pid, signal.SIGKILL)
            raise KennelError(f"the local cloud did not stop within {STOP_SECONDS} seconds and was killed") from None
    local_record.path().unlink(missing_ok=True)
    local_state.stop(Path(record.root))


@app.command()
def status(as_json: AsJson = False) -> None:
    """Say whether it runs, and where. Exit code 1 when it does not."""
    record = local_record.read()
    if as_json:
        isolation = record and _isolation(record.root)
        found = {"url": record and record.url, "pid": record and record.pid, "isolation": isolation}
        print_json({"running": record is not None, **found})
    elif record is None:
        console.print("The local cloud is not running: start it with `kennel local up`")
    else:
        rows = [("running at", record.url), ("process", record.pid), ("state", record.root)]
        print_table(("", ""), [*rows, ("isolation", _isolation(record.root))])
    if record is None:
        raise typer.Exit(1)
    try:
        socket.create_connection(("localhost", record.port), timeout=5).close()
    except OSError as error:
        raise KennelError(f"the process {record.pid} runs but does not answer: {error}") from None


@app.command()
def env() -> None:
    """Print the exports that lead a shell's AWS clients to it: eval "$(kennel local env)"."""
    variables = local_record.require().variables()
    for name in sorted(filter(local_record.leads_elsewhere, os.environ)):
        print(f"unset {name}")
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")
