"""Counts the members of an archive, and finds what is wrong with their names."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from .limits import ArchiveError, Limits, Member


@dataclass
class Names:
    """Counts members, and finds what is wrong with their names and kinds."""

    limits: Limits
    seen: dict[str, tuple[str, bool]] = field(default_factory=dict)

    def checked(self, found: Iterator[Member]) -> Iterator[Member]:
        for number, member in enumerate(found, start=1):
            if number > self.limits.max_members:
                raise ArchiveError(f"the archive has more than {self.limits.max_members} members")
            problem = member.problem or self._problem(member)
            yield Member(member.name, member.size, member.is_folder, problem, member.chunks)

    def _problem(self, member: Member) -> str:
        name = member.name
        path, size = PurePosixPath(name), len(name.encode(errors="surrogateescape"))
        if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or not name:
            return f"{name[:200]!r} in the archive is not a plain relative path: it leads outside the archive"
        if len(path.parts) > self.limits.max_depth:
            return (
                f"{name[:50]!r}... in the archive is {len(path.parts)} folders deep, more than {self.limits.max_depth}"
            )
        if size > self.limits.max_name_bytes or any(len(part.encode(errors="replace")) > 255 for part in path.parts):
            return f"{name[:50]!r}... in the archive is a name of {size} bytes, which is too long"
        return self._collision(path.as_posix(), member)

    def _collision(self, path: str, member: Member) -> str:
        key = unicodedata.normalize("NFC", path).casefold() if self.limits.fold_case else path
        if key not in self.seen:
            self.seen[key] = (path, member.is_folder)
            return ""
        other, was_folder = self.seen[key]
        if other != path:
            return f"{other!r} and {path!r} in the archive differ only in upper and lower case or in accents"
        return "" if was_folder and member.is_folder else f"{path!r} is in the archive twice"
