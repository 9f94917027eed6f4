"""Values from several sources laid over each other, each leaf remembering where it comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from config.project_file.reader import Path_

Origin = Callable[[Path_], str]
"""Path of a leaf in the layer -> where it comes from: `preset small`, `kennel.yaml:12`."""


@dataclass
class Layers:
    """`values` is the merged tree; `origins` says of each leaf which source had the last word."""

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[Path_, str] = field(default_factory=dict)

    def add(self, values: Mapping[str, Any], origin: Origin) -> None:
        """Lay `values` on top: mappings are merged, anything else replaces what was there."""
        self._add(self.values, values, (), origin)

    def _add(self, target: dict[str, Any], values: Mapping[str, Any], path: Path_, origin: Origin) -> None:
        for key, value in values.items():
            where = (*path, key)
            if isinstance(value, Mapping):
                if not isinstance(target.get(key), dict):
                    self._forget(where)
                    target[key] = {}
                self._add(target[key], value, where, origin)
            else:
                self._forget(where)
                target[key] = value
                self.origins[where] = origin(where)

    def forget(self, path: Path_) -> None:
        """Take the value at `path` out, where there is one."""
        *above, key = path
        target: Any = self.values
        for part in above:
            target = target.get(part) if isinstance(target, dict) else None
        if isinstance(target, dict):
            target.pop(key, None)
        self._forget(path)

    def _forget(self, path: Path_) -> None:
        for known in [known for known in self.origins if known[: len(path)] == path]:
            del self.origins[known]

    def origin(self, path: Path_) -> str | None:
        """Where the leaf at `path` comes from, or the list or text that it is a part of. None: a default."""
        return next((self.origins[path[:n]] for n in range(len(path), 0, -1) if path[:n] in self.origins), None)


def leaves(values: Mapping[str, Any], path: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    """(path, value) of everything that is not a mapping with keys."""
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key), value
