"""Dockerfiles: stages, base images, and what is copied from the build context. Commands are read and not run."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_WORDS = (
    "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER VOLUME "
    "WORKDIR"
)
INSTRUCTIONS = frozenset(_WORDS.split())
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::-([^}]*))?\}|(\w+))")


class BuildError(Exception):
    """Why `docker build` fails, in BuildKit's words."""


@dataclass
class Stage:
    name: str
    base: str
    lines: list[tuple[str, str]] = field(default_factory=list)
    """(instruction, rest of the line)"""


@dataclass
class Dockerfile:
    """`unused`: build arguments that no ARG takes."""

    stages: list[Stage]
    unused: list[str]

    @classmethod
    def parse(cls, text: str, arguments: Mapping[str, str]) -> Dockerfile:
        """Raises BuildError."""
        stages: list[Stage] = []
        known: dict[str, str] = {}
        taken: set[str] = set()
        for instruction, rest in _lines(text):
            if instruction not in INSTRUCTIONS:
                raise BuildError(f"dockerfile parse error: unknown instruction: {instruction}")
            if instruction == "ARG":
                name, _, default = rest.partition("=")
                taken.add(name)
                if not stages:
                    known[name] = arguments.get(name, default)
            if instruction == "FROM":
                stages.append(_stage(rest, known, len(stages)))
            elif stages:
                stages[-1].lines.append((instruction, rest))
            elif instruction != "ARG":
                raise BuildError("dockerfile parse error: no build stage in current context")
        if not stages:
            raise BuildError("the Dockerfile cannot be empty")
        return cls(stages, sorted(set(arguments) - taken))

    def needed(self, target: str | None) -> list[Stage]:
        """The stages that `target` (the last one if None) is made of, itself last. Raises BuildError."""
        wanted = self._named(target) if target else self.stages[-1]
        if wanted is None:
            raise BuildError(f'target stage "{target}" could not be found')
        found: list[Stage] = []
        self._collect(wanted, found)
        return found

    def _collect(self, stage: Stage, found: list[Stage]) -> None:
        others = [stage.base, *(source for source in (_copied_from(*line) for line in stage.lines) if source)]
        for other in others:
            earlier = self._named(other, before=stage)
            if earlier is not None and earlier not in found:
                self._collect(earlier, found)
        found.append(stage)

    def _named(self, name: str, before: Stage | None = None) -> Stage | None:
        stages = self.stages if before is None else self.stages[: self.stages.index(before)]
        by_number = {str(index): stage for index, stage in enumerate(stages)}
        return {**by_number, **{stage.name: stage for stage in stages}}.get(name.lower())

    def base_images(self, stages: list[Stage]) -> list[str]:
        """The images of others that `stages` are made of."""
        images = []
        for stage in stages:
            for name in (stage.base, *filter(None, (_copied_from(*line) for line in stage.lines))):
                if self._named(name, before=stage) is None and name != "scratch":
                    images.append(name)
        return list(dict.fromkeys(images))


def content_hash(stages: list[Stage], context: Path, arguments: Mapping[str, str], bases: Mapping[str, str]) -> str:
    """A hash of the stages, of the files that they copy, and of what they are built on. Raises BuildError."""
    parts: list[object] = [[stage.name, stage.base, stage.lines] for stage in stages]
    for stage in stages:
        for instruction, rest in stage.lines:
            if instruction in ("COPY", "ADD") and not _copied_from(instruction, rest):
                parts.append(_copied(rest, context))
    parts += [dict(arguments), dict(bases)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _copied(rest: str, context: Path) -> list[tuple[str, str]]:
    words = [word for word in rest.split() if not word.startswith("--")]
    copied = []
    for source in words[:-1]:
        found = sorted(context.glob(source.strip("/"))) if source.strip("/") not in (".", "") else [context]
        if not found:
            raise BuildError(f'failed to calculate checksum of ref: "/{source.strip("/")}": not found')
        for path in found:
            files = sorted(path.rglob("*")) if path.is_dir() else [path]
            copied += [
                (file.relative_to(context).as_posix(), hashlib.sha256(file.read_bytes()).hexdigest())
                for file in files
                if file.is_file()
            ]
    return copied


def _copied_from(instruction: str, rest: str) -> str | None:
    """The stage or image of `COPY --from=`."""
    match = re.match(r"(?:--\S+\s+)*--from=(\S+)", rest) if instruction == "COPY" else None
    return match[1] if match else None


def _stage(rest: str, known: Mapping[str, str], number: int) -> Stage:
    words = [word for word in rest.split() if not word.startswith("--platform")]
    base = _VARIABLE.sub(lambda found: known.get(found[1] or found[3]) or found[2] or "", words[0])
    if not base:
        raise BuildError(f"base name ({words[0]}) should not be blank")
    if len(words) == 3 and words[1].upper() == "AS":
        return Stage(words[2].lower(), base)
    if len(words) != 1:
        raise BuildError("dockerfile parse error: FROM requires either one or three arguments")
    return Stage(str(number), base)


def _lines(text: str) -> list[tuple[str, str]]:
    """(instruction in capitals, the rest), with continued lines joined and comments left out."""
    plain = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\[ \t]*\n", " ", plain)
    split = (line.strip().split(None, 1) for line in joined.splitlines() if line.strip())
    return [(words[0].upper(), words[1] if len(words) > 1 else "") for words in split]
