"""The process's memory limit, the memory of a model, and returning freed memory to the system."""

from __future__ import annotations

import ctypes
import gc
import os
from contextlib import suppress
from pathlib import Path

from imgcls.serving.errors import RequestError

_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_SHARE = 0.8
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
_MADV_DONTNEED = 4
_PAGE = os.sysconf("SC_PAGE_SIZE")


def process_limit() -> int:
    """80 % of the container's limit, or of the machine's memory, in bytes."""
    limits = [os.sysconf("SC_PHYS_PAGES") * _PAGE]
    for path in _CGROUP_LIMITS:
        with suppress(OSError, ValueError):
            limits.append(int(Path(path).read_text()))
    return int(min(limits) * _SHARE)


def resident_bytes() -> int:
    """Resident memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE


def model_cost(graph_bytes: int) -> int:
    """Memory of a compiled graph whose files have this size, in bytes: an upper estimate, before it is loaded."""
    return int(graph_bytes * 1.3) + 16 * 1024 * 1024


def drop_mapped_pages(path: Path) -> None:
    """Release the pages of `path` that this process has mapped; a page that is needed again is read again."""
    libc = ctypes.CDLL(None, use_errno=True)
    for line in Path("/proc/self/maps").read_text().splitlines():
        if line.endswith(f" {path.resolve()}"):
            start, end = (int(address, 16) for address in line.split(maxsplit=1)[0].split("-"))
            libc.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _MADV_DONTNEED)


class Budget:
    """Memory reserved for models. Used from the event loop only."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._reserved: dict[str, int] = {}
        self._idle_bytes = resident_bytes()

    @property
    def reserved(self) -> int:
        return sum(self._reserved.values())

    def reserve(self, name: str, cost: int) -> None:
        """Raises RequestError 507, after which SageMaker unloads other models and tries again."""
        used = max(self._idle_bytes + self.reserved, resident_bytes())
        if used + cost > self.limit:
            message = f"the model needs about {cost >> 20} MiB; {max(0, self.limit - used) >> 20} MiB are left"
            raise RequestError(507, "out_of_memory", message)
        self._reserved[name] = cost

    def add(self, name: str, cost: int) -> None:
        """Reserve more for a model that was loaded. Raises RequestError 507 as `reserve` does."""
        before = self._reserved[name]
        self.reserve(name, cost)
        self._reserved[name] += before

    def release(self, name: str) -> None:
        del self._reserved[name]


class Allocator:
    """glibc's allocator: without these two options, freed models stay in the arenas of the threads that loaded them."""

    def __init__(self) -> None:
        libc = ctypes.CDLL(None)
        self._trim = getattr(libc, "malloc_trim", None)
        if hasattr(libc, "mallopt"):
            libc.mallopt(_M_ARENA_MAX, 2)
            libc.mallopt(_M_MMAP_THRESHOLD, 1024 * 1024)
        # Modules and the like are never freed, and a garbage collection over them stops all threads for 30 ms.
        gc.freeze()

    def give_back(self) -> None:
        """Return freed memory to the system. A no-op on a C library without malloc_trim."""
        gc.collect()
        if self._trim is not None:
            self._trim(0)
