"""Looks for what is not its own, and prints what it finds. Runs as a job, as a function, as a build and in an endpoint.

usage: python prowler.py HOME CANARY_PID PORT     (a folder with .aws/credentials, a process with a secret, a host port)
Standard library only.
"""

import json
import os
import socket
import sys


def attempt(work):
    try:
        return work()
    except OSError as error:
        return f"refused: {error.strerror}"


def read(path):
    with open(path, "rb") as file:
        return file.read().decode(errors="replace")


def others():
    """The environments of all processes in sight that are not our own family, one text."""
    own = read("/proc/self/environ")
    texts = [attempt(lambda pid=pid: read(f"/proc/{pid}/environ")) for pid in os.listdir("/proc") if pid.isdigit()]
    return "\n".join(text for text in texts if text != own)


def connect(address):
    socket.create_connection(address, timeout=3).close()
    return "connected"


def prowl(home, canary, port):
    """Where it looked -> what it found."""
    return {
        "credentials": attempt(lambda: read(f"{home}/.aws/credentials")),
        "home": attempt(lambda: os.listdir(home)),
        "environment of the canary": attempt(lambda: read(f"/proc/{canary}/environ")),
        "other environments": attempt(others),
        "own environment": dict(os.environ),
        "signal": attempt(lambda: os.kill(int(canary), 0) or "sent"),
        "write": [
            path for path in (home, "/usr", "/etc", "/var", "/") if isinstance(attempt(lambda p=path: write(p)), int)
        ],
        "host": attempt(lambda: connect(("127.0.0.1", int(port)))),
    }


def write(folder):
    path = os.path.join(folder, "written-by-prowler")
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY)
    os.close(descriptor)
    os.unlink(path)
    return descriptor


def handler(event, context):
    return prowl(**event)


if __name__ == "__main__":
    print("FOUND " + json.dumps(prowl(*sys.argv[1:])))
