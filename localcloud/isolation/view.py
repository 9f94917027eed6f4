"""What a process of the local cloud sees of this machine: the system's programs, Python, and what it is given."""

from __future__ import annotations

import functools
import os
import site
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from localcloud.isolation.namespaces import ViewDocument

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""The programs of every process, after those of Python and of its own."""
INHERITED = (
    "LD_LIBRARY_PATH",
    "OMP_NUM_THREADS",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TZ",
    *(name for lower in ("http_proxy", "https_proxy", "no_proxy") for name in (lower, lower.upper())),
)
"""The only variables of this machine's shell that a process gets: how to reach the network, and how to compute."""
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix/store")
_SETTINGS = (
    "alternatives", "ca-certificates", "crypto-policies", "group", "host.conf", "hosts", "ld.so.cache", "ld.so.conf",
    "ld.so.conf.d", "localtime", "mime.types", "nsswitch.conf", "os-release", "passwd", "pip.conf", "pki", "protocols",
    "resolv.conf", "services", "ssl",
)  # fmt: skip
"""Of /etc; never all of it, because the user may be root."""


def inherited_variables() -> dict[str, str]:
    """The variables that a process gets from this machine."""
    return {**{name: os.environ[name] for name in INHERITED if name in os.environ}, "LANG": "C.UTF-8"}


@dataclass(frozen=True)
class View:
    """What a process sees beside the system. All else is not there: neither the user's home nor this cloud's state.

    read, write: files and folders at their own paths.
    elsewhere: path in the view -> file or folder on this machine, read-only.
    temporary: the folder that is /tmp, and is writable at its own path too; None for an empty one that ends with the
        process and takes up to `temporary_bytes`.
    """

    read: Sequence[Path] = ()
    write: Sequence[Path] = ()
    elsewhere: Mapping[str, Path] = field(default_factory=dict)
    temporary: Path | None = None
    temporary_bytes: int | None = None

    def document(self, hidden: Path) -> ViewDocument:
        """The view as the keeper takes it. hidden: the cloud's state, of which only `read` and `write` are seen."""
        links = dict(_base()[1])
        binds: dict[str, tuple[str | None, str, bool]] = {path: (path, path, False) for path in _base()[0]}
        for folder in (Path.home(), hidden):
            real = _real(folder, links)
            binds[real] = (None, real, False)
        for writable, paths in ((False, self.read), (True, self.write)):
            for path in paths:
                real = _real(path, links)
                binds[real] = (real, real, writable)
        for target, path in self.elsewhere.items():
            binds[target] = (_real(path, links), target, False)
        if self.temporary is not None:
            real = _real(self.temporary, links)
            binds["/tmp"], binds[real] = (real, "/tmp", True), (real, real, True)  # noqa: S108
        ordered = sorted(binds.values(), key=lambda bind: bind[1].count("/"))  # a folder before what is in it
        return {"binds": ordered, "links": links, "temporary_bytes": self.temporary_bytes}


def program_folders(argv: Sequence[str]) -> list[Path]:
    """The folders of the files that a command names by absolute paths: a script needs what lies beside it."""
    paths = [Path(part) for part in argv if part.startswith("/")]
    return [path.parent for path in paths if path.is_file() and len(path.parts) > 2]


@functools.cache
def _base() -> tuple[list[str], dict[str, str]]:
    """Real paths that every process may read, and the links that lead to them."""
    links: dict[str, str] = {}
    found = {_real(path, links) for path in _base_paths() if os.path.lexists(path)}
    found = {path for path in found if os.path.exists(path) and path != "/"}
    inner = {path for path in found if any(str(parent) in found for parent in Path(path).parents)}
    return sorted(found - inner), links


def _base_paths() -> Iterator[str]:
    yield from _SYSTEM
    yield from (f"/etc/{name}" for name in _SETTINGS)
    yield from {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix}
    yield os.path.realpath(sys.executable)
    yield sys.executable  # for the links on the way
    yield from site.getsitepackages()


def _real(path: str | Path, links: dict[str, str]) -> str:
    """`path` without symbolic links; those on the way are added to `links`."""
    rest = os.path.abspath(path).split("/")[1:]
    current = ""
    while rest:
        name = rest.pop(0)
        if name == "..":
            current = os.path.dirname(current)
        elif name not in ("", "."):
            step = f"{current}/{name}"
            if os.path.islink(step):
                links[step] = target = os.readlink(step)
                rest = target.split("/") + rest
                step = "" if target.startswith("/") else current
            current = step
    return current or "/"
