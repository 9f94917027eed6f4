"""Starts the processes of one local cloud and ends them with it, however it ends. Standard library only.

main() has one argument: the descriptor of a Unix socket, whose other end only the cloud has.
A request is a JSON Order with file descriptors: the report, stdin, stdout, stderr, and those that the program gets
from 3 on. Every program has a supervisor, which leads its process group and survives SIGTERM, and an init. The report
carries `started PID` or `error NUMBER TEXT`, then `exit CODE` (negative: a signal), all said by the supervisor.
It is one small process that forks, because a process of its own per program would cost a start of Python each time.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from typing import NoReturn, TypedDict

from localcloud.isolation import namespaces

_NUM_DESCRIPTORS = 16
_SURVIVED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
_CHANGED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)


class Order(TypedDict):
    """A program to start. view: None leaves the machine's own files and processes in sight."""

    argv: list[str]
    cwd: str | None
    env: dict[str, str]
    view: namespaces.ViewDocument | None
    network: bool


def receive(connection: socket.socket) -> tuple[Order, list[int]] | None:
    """The next request; None once the cloud has gone."""
    header, descriptors, _, _ = socket.recv_fds(connection, 8, _NUM_DESCRIPTORS)
    if not header:
        return None
    try:
        header = _rest(connection, header, 8)
        body = _rest(connection, b"", int.from_bytes(header, "big"))
    except EOFError:
        return None
    return json.loads(body), list(descriptors)


def _rest(connection: socket.socket, received: bytes, size: int) -> bytes:
    """`received` and what is missing to `size`. Nothing beyond it: the next message brings its descriptors along."""
    data = bytearray(received)
    while len(data) < size:
        if not (chunk := connection.recv(size - len(data))):
            raise EOFError("the cloud ended within a message")
        data += chunk
    return bytes(data)


def send(connection: socket.socket, order: Order, descriptors: list[int]) -> None:
    """The counterpart of receive()."""
    body = json.dumps(order).encode()
    socket.send_fds(connection, [len(body).to_bytes(8, "big")], descriptors)
    connection.sendall(body)


def main(argv: list[str]) -> int:
    connection = socket.socket(fileno=int(argv[0]))
    groups: set[int] = set()
    signal.signal(signal.SIGCHLD, lambda *_: groups.difference_update(_ended()))
    while (request := receive(connection)) is not None:
        order, descriptors = request
        keeper = os.getpid()
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])  # until the group is noted
        supervisor = os.fork()
        if supervisor == 0:
            connection.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
            _never_return(_supervise, order, descriptors, keeper)
        groups.add(supervisor)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
        for descriptor in descriptors:
            os.close(descriptor)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for group in groups - set(_ended()):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
    return 0


def _ended() -> list[int]:
    """The supervisors that have ended. Until they are asked for, their process ids are not used again."""
    found = []
    with contextlib.suppress(ChildProcessError):
        while pid := os.waitpid(-1, os.WNOHANG)[0]:
            found.append(pid)
    return found


def _supervise(order: Order, descriptors: list[int], keeper: int) -> None:
    os.setsid()
    for number in _SURVIVED:
        signal.signal(number, signal.SIG_IGN)
    report = descriptors[0]
    source, sink = os.pipe()
    try:
        namespaces.enter(with_view=order["view"] is not None, network=order["network"])
        namespaces.end_with_parent(keeper)
        supervisor = 0 if order["view"] is not None else os.getpid()  # an init in its namespace sees no parent
        init = os.fork()
    except OSError as error:
        os.write(report, _failure(error))
        return
    if init == 0:
        os.close(source)
        os.close(report)
        _never_return(_tend, order, descriptors[1:], sink, supervisor)
    for descriptor in (sink, *descriptors[1:]):
        os.close(descriptor)
    with open(source, "rb") as lines:
        for line in lines:
            if line.startswith(b"exit"):
                os.waitpid(init, 0)  # with it ends everything in its process namespace
            os.write(report, b"started %d\n" % os.getpid() if line == b"started\n" else line)


def _tend(order: Order, streams: list[int], sink: int, supervisor: int) -> None:
    """Start the program, collect the processes that it leaves behind, and say how it ended."""
    namespaces.end_with_parent(supervisor)
    source, failed = os.pipe()
    try:
        if order["view"] is not None:
            namespaces.show(order["view"])
        program = os.fork()
    except OSError as error:
        os.write(sink, _failure(error))
        return
    if program == 0:
        _never_return(_execute, order, streams, failed)
    for descriptor in (failed, *streams):
        os.close(descriptor)
    with open(source, "rb") as file:
        failure = file.read()  # empty when the program runs
    os.write(sink, failure or b"started\n")
    while True:
        pid, status = os.wait()
        if pid == program:
            break
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGTERM:
        # Its children got the signal too, and may save what they have until the grace is over: with this process they
        # would end at once. A job's script outlives its toolkit so.
        with contextlib.suppress(ChildProcessError):
            while True:
                os.wait()
    if not failure:
        os.write(sink, b"exit %d\n" % os.waitstatus_to_exitcode(status))


def _execute(order: Order, streams: list[int], failed: int) -> None:
    try:
        for number in (*_SURVIVED, *_CHANGED_BY_PYTHON):
            signal.signal(number, signal.SIG_DFL)
        # Above all numbers that the program gets, so that none is overwritten before it is copied.
        high = [_above(descriptor, len(streams)) for descriptor in (failed, *streams)]
        for target, descriptor in enumerate(high[1:]):
            os.dup2(descriptor, target)
        failed = high[0]
        os.set_inheritable(failed, False)
        for descriptor in range(len(streams), 256):
            if descriptor != failed:
                with contextlib.suppress(OSError):
                    os.close(descriptor)
        if order["cwd"] is not None:
            os.chdir(order["cwd"])
        if order["view"] is not None:
            namespaces.drop_privileges()
        os.execvpe(order["argv"][0], order["argv"], order["env"])  # noqa: S606
    except OSError as error:
        os.write(failed, _failure(OSError(error.errno, error.strerror)))


def _above(descriptor: int, limit: int) -> int:
    copies = []
    while descriptor < limit:
        descriptor = os.dup(descriptor)
        copies.append(descriptor)
    for copy in copies[:-1]:
        os.close(copy)
    return descriptor


def _failure(error: OSError) -> bytes:
    text = f"{error.strerror}: {error.filename}" if error.filename else str(error.strerror)
    return f"error {error.errno} {text}\n".encode(errors="replace")


def _never_return(work: Callable[..., None], *arguments: object) -> NoReturn:
    try:
        work(*arguments)
    except BaseException as error:
        sys.stderr.write(f"localcloud's keeper: {type(error).__name__}: {error}\n")
    finally:
        os._exit(0)
