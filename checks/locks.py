"""The locks of the Python packages against what people wrote: `python -m checks.locks`, without a network.

A lock lies next to its requirements file, `make lock` writes it, and pip installs it with --require-hashes.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from os.path import normpath
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("model_code", "tests", "benchmarks")
"""Where there are requirements, at any depth. Those of the clone are at the top."""
WITHOUT_HASH = frozenset({"torch", "torchvision"})
"""Every index has builds of its own, with hashes of their own."""
REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)(?:\[(?P<extras>[^\]]*)\])?(?:==(?P<version>[^\s;\\]+))?")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
ELSEWHERE = re.compile(r"://|--(?:extra-)?index-url|--find-links")


@dataclass(frozen=True)
class Requirement:
    """One line of a requirements file; `version` is empty where the lock chooses it."""

    name: str
    extras: frozenset[str]
    version: str


@dataclass(frozen=True)
class Written:
    """What people wrote: the requirements of each file by its path from the root, and the locks that limit them."""

    files: dict[str, dict[str, Requirement]] = field(default_factory=dict)
    limits: list[Path] = field(default_factory=list)


@dataclass(frozen=True)
class Locked:
    """One package of a lock. `asked_by`: the requirements files that name it, as the resolver notes."""

    requirement: Requirement
    asked_by: frozenset[str]
    num_hashes: int


def sources(root: Path = ROOT) -> list[Path]:
    """The requirements files that need a lock of their own: a file that another one includes does without."""
    found = {
        *root.glob("requirements*.txt"),
        *(f for name in FOLDERS for f in (root / name).rglob("requirements*.txt")),
    }
    included = {root / name for path in found for name in list(written(path, root).files)[1:]}
    return sorted(path for path in found if path not in included or lock_of(path).is_file())


def lock_of(source: Path) -> Path:
    return source.with_suffix(".lock")


def written(source: Path, root: Path = ROOT) -> Written:
    """The file itself first, then those that it includes. Raises ValueError for a line of another form."""
    answer = Written()
    _read(source, root, answer)
    return answer


def _read(source: Path, root: Path, answer: Written) -> None:
    own = answer.files.setdefault(source.relative_to(root).as_posix(), {})
    for line in (line.split("#")[0].strip() for line in source.read_text().splitlines()):
        option, _, name = line.partition(" ")
        place = Path(source.parent, name).resolve()
        if option == "-r":
            _read(place, root, answer)
        elif option == "-c":
            answer.limits.append(place)
        elif line:
            found = _requirement(line)
            if found is None:
                raise ValueError(f"{source.relative_to(root)}: {line!r} is not a package with an exact version")
            own[found.name] = found


def _requirement(line: str) -> Requirement | None:
    found = REQUIREMENT.match(line)
    rest = line[found.end() :].strip() if found else line
    if found is None or not (rest == "" or rest[0] in ";\\"):
        return None
    extras = frozenset(extra.strip() for extra in (found["extras"] or "").split(",")) - {""}
    return Requirement(re.sub(r"[-_.]+", "-", found["name"]).lower(), extras, found["version"] or "")


def read_lock(text: str) -> list[Locked]:
    """A package may be there several times, for several Pythons."""
    packages = []
    for block in re.split(r"\n(?=[A-Za-z0-9])", text.partition("# The following packages were excluded")[0]):
        first = _requirement(block.splitlines()[0]) if block.strip() else None
        if first:
            asked = frozenset(map(normpath, re.findall(r"^ *#(?: via)? +-r (\S+)$", block, flags=re.M)))
            packages.append(Locked(first, asked, len(HASH.findall(block))))
    return packages


def findings(source: Path, root: Path = ROOT) -> Iterator[str]:
    """What is wrong with the lock of a requirements file, a sentence each."""
    lock, wanted = lock_of(source), written(source, root)
    if not lock.is_file():
        yield f"{source.relative_to(root)} has no {lock.name}"
        return
    name, text = lock.relative_to(root).as_posix(), lock.read_text()
    packages = read_lock(text)
    versions: dict[str, set[str]] = {}
    for package in packages:
        versions.setdefault(package.requirement.name, set()).add(package.requirement.version)
        if not package.num_hashes or not package.requirement.version:
            yield f"{name}: {package.requirement.name} has no hash or no exact version"
    if ELSEWHERE.search(text):
        yield f"{name} names an index, which is the business of the machine that installs"
    for file in {*wanted.files, *(file for package in packages for file in package.asked_by)}:
        yield from _differences(name, file, wanted.files.get(file, {}), packages)
    for limit in wanted.limits:
        for package in read_lock(limit.read_text()):
            here, there = versions.get(package.requirement.name), package.requirement
            if here and there.version not in here:
                yield f"{name}: {there.name} is {', '.join(sorted(here))}, and {there.version} in {limit.name}"


def _differences(name: str, file: str, wanted: dict[str, Requirement], packages: Sequence[Locked]) -> Iterator[str]:
    """Between one requirements file and what its lock says that the file asks for."""
    asked = {package.requirement.name: package.requirement for package in packages if file in package.asked_by}
    for package in sorted({*wanted, *asked} - WITHOUT_HASH):
        if package not in asked:
            yield f"{name} lacks {package}, which {file} asks for"
        elif package not in wanted:
            yield f"{name} has {package} for {file}, which does not ask for it"
        elif wanted[package].version not in ("", asked[package].version):
            yield f"{name}: {package} is {asked[package].version}, and {wanted[package].version} in {file}"
        elif wanted[package].extras != asked[package].extras:
            yield f"{name}: {package} has other extras than in {file}"


def main(root: Path = ROOT) -> int:
    try:
        found = [finding for source in sources(root) for finding in findings(source, root)]
    except ValueError as error:
        found = [str(error)]
    for finding in found:
        print(f"{finding}: run `make lock`", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
