"""Linux's namespaces: a view of files and processes of its own for a process. Standard library only; see keeper.py.

The functions raise OSError where the machine does not allow what they do. On other systems enter() without a view and
end_with_parent() do nothing.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import struct
import sys
from typing import TypedDict

_NEWNS, _NEWIPC, _NEWUSER, _NEWPID, _NEWNET = 0x00020000, 0x08000000, 0x10000000, 0x20000000, 0x40000000
_NOSUID, _NODEV, _NOEXEC, _BIND, _REC, _PRIVATE = 0x2, 0x4, 0x8, 0x1000, 0x4000, 0x40000
_ATTRIBUTE_READ_ONLY, _ATTRIBUTE_NOSUID = 0x1, 0x2
_DETACH = 2
_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE = 442, -100, 0x8000
_SET_PARENT_DEATH_SIGNAL, _DROP_BOUNDING, _NO_NEW_PRIVILEGES = 1, 24, 38
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 0x1
_DEVICES = ("null", "zero", "full", "random", "urandom")
# For the user who is root outside, some files of /proc change the machine.
_READ_ONLY_PROC = ("sys", "sysrq-trigger", "irq", "bus", "fs", "acpi")
_OLD = "/.old"

_libc = ctypes.CDLL(None, use_errno=True)


class ViewDocument(TypedDict):
    """What a process sees beside /proc, /sys, /dev and an own /tmp.

    binds: (path on this machine without symbolic links, or None to hide what a folder before it shows; path in the
        view; writable).
    links: symbolic links, path and target.
    temporary_bytes: the size of /tmp if nothing is bound there; None for the system's default.
    """

    binds: list[tuple[str | None, str, bool]]
    links: dict[str, str]
    temporary_bytes: int | None


def enter(*, with_view: bool, network: bool) -> None:
    """Move this process into new namespaces: for a view those of mounts, and of processes from its next child on."""
    flags = (_NEWNS | _NEWIPC | _NEWPID) * with_view | _NEWNET * (not network)
    if not flags:
        return
    user, group = os.getuid(), os.getgid()
    _call("unshare", _NEWUSER | flags)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    if not network:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))


def end_with_parent(parent: int) -> None:
    """Have this process killed when the thread that forked it ends. parent: its process id, as seen here."""
    if not sys.platform.startswith("linux"):
        return
    _call("prctl", _SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def show(view: ViewDocument) -> None:
    """Replace this process's file system by the view; / itself is read-only."""
    _mount(None, "/", None, _PRIVATE | _REC)
    _mount("tmpfs", "/tmp", "tmpfs", _NOSUID | _NODEV, "mode=755")  # noqa: S108 - any folder would do
    os.mkdir(f"/tmp{_OLD}")  # noqa: S108
    _call("pivot_root", b"/tmp", b"/tmp" + _OLD.encode())
    os.chdir("/")
    os.umask(0o022)
    _show_system(view["temporary_bytes"])
    for path, target in view["links"].items():
        if not os.path.lexists(path):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.symlink(target, path)
    for source, path, writable in view["binds"]:
        if source is None:
            if os.path.isdir(path):
                _mount("tmpfs", path, "tmpfs", _NOSUID | _NODEV, "mode=755")
        else:
            _bind(_OLD + source, path, writable=writable)
    _call("umount2", _OLD.encode(), _DETACH)
    os.rmdir(_OLD)
    _set_read_only("/", recursive=False)


def _show_system(temporary_bytes: int | None) -> None:
    for folder in ("/proc", "/sys", "/dev", "/dev/shm", "/tmp"):  # noqa: S108
        os.mkdir(folder)
    _mount("proc", "/proc", "proc", _NOSUID | _NODEV | _NOEXEC)
    for name in _READ_ONLY_PROC:
        if os.path.lexists(f"/proc/{name}"):
            _bind(f"/proc/{name}", f"/proc/{name}", writable=False)
    _bind(f"{_OLD}/sys", "/sys", writable=False)
    for name in _DEVICES:
        _bind(f"{_OLD}/dev/{name}", f"/dev/{name}", writable=True)
    for name, target in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        os.symlink(f"/proc/self/fd{target}", f"/dev/{name}")
    _mount("tmpfs", "/dev/shm", "tmpfs", _NOSUID | _NODEV, "mode=1777")  # noqa: S108
    size = f",size={temporary_bytes}" if temporary_bytes is not None else ""
    _mount("tmpfs", "/tmp", "tmpfs", _NOSUID | _NODEV, f"mode=1777{size}")  # noqa: S108


def _bind(source: str, path: str, *, writable: bool) -> None:
    if os.path.isdir(source):
        os.makedirs(path, exist_ok=True)
    elif not os.path.lexists(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w"):
            pass
    _mount(source, path, None, _BIND | _REC)
    if not writable:
        _set_read_only(path, recursive=True)


def _set_read_only(path: str, *, recursive: bool) -> None:
    # struct mount_attr: attributes to set, to clear, propagation, user namespace
    attributes = struct.pack("4Q", _ATTRIBUTE_READ_ONLY | _ATTRIBUTE_NOSUID, 0, 0, 0)
    flags = _AT_RECURSIVE * recursive
    _call("syscall", _MOUNT_SETATTR, _AT_FDCWD, path.encode(), flags, attributes, len(attributes), path=path)


def drop_privileges() -> None:
    """Give up, from the next program on, what the user namespace gave this process, and all that a file could give."""
    capability = 0
    with contextlib.suppress(OSError):  # past the last capability
        while True:
            _call("prctl", _DROP_BOUNDING, capability, 0, 0, 0)
            capability += 1
    _call("prctl", _NO_NEW_PRIVILEGES, 1, 0, 0, 0)


def _mount(source: str | None, path: str, kind: str | None, flags: int, options: str | None = None) -> None:
    encoded = [text.encode() if text is not None else None for text in (source, path, kind)]
    _call("mount", *encoded, flags, options.encode() if options else None, path=path)


def _call(name: str, *arguments: object, path: str | None = None) -> None:
    whole = [ctypes.c_long(argument) if isinstance(argument, int) else argument for argument in arguments]
    if getattr(_libc, name)(*whole) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}", path)
