"""Which of our modules import which, read from the source: graphs, their circles, their essential arrows."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = (ROOT, ROOT / "model_code")
"""The folders from which our packages are imported."""

Graph = Mapping[str, set[str]]
"""Importer -> what it imports. Every node is a key."""


def modules(folder: Path) -> Iterator[Path]:
    """Every module in `folder`, at any depth."""
    return (path for path in sorted(folder.rglob("*.py")) if "__pycache__" not in path.parts)


@cache
def imports(path: Path) -> tuple[str, ...]:
    """The dotted names of the modules that a file imports, also inside functions. Relative imports are resolved."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = ".".join(part for part in (_package(path, node.level), node.module) if part)
            for alias in node.names:
                name = f"{package}.{alias.name}"
                yield name if is_module(name) else package


@cache
def is_module(name: str) -> bool:
    """Whether a dotted name is a module or a package of ours."""
    places = [source.joinpath(*name.split(".")) for source in SOURCES]
    return any(place.with_suffix(".py").is_file() or (place / "__init__.py").is_file() for place in places)


def name_of(path: Path) -> str:
    """The dotted name of one of our modules; of a package for its `__init__.py`."""
    base = next(source for source in reversed(SOURCES) if path.is_relative_to(source))
    return ".".join(path.relative_to(base).with_suffix("").parts).removesuffix(".__init__")


def module_graph(folder: Path) -> dict[str, set[str]]:
    """The modules of a package."""
    names = {name_of(path): path for path in modules(folder)}
    return {name: set(imports(path)) & names.keys() - {name} for name, path in names.items()}


def room_graph(folder: Path) -> dict[str, set[str]]:
    """The rooms of a package: the folders and modules directly in it. `client` for `kennel.client.classifier`.

    The package's own `__init__` is one of them, under the package's name, if it imports something.
    """
    package = name_of(folder / "__init__.py")
    graph: dict[str, set[str]] = {}
    for name, imported in module_graph(folder).items():
        room = _room(name, package)
        graph.setdefault(room, set()).update(_room(other, package) for other in imported)
    return {room: others - {room} for room, others in graph.items() if room != package or others}


def circles(graph: Graph) -> list[list[str]]:
    """Groups of nodes that import each other, directly or by way of others."""
    reach = {node: reachable(graph, node) for node in graph}
    groups = {frozenset(other for other in reach[node] if node in reach[other]) for node in graph}
    return sorted(sorted(group) for group in groups if group)


def essential(graph: Graph) -> dict[str, set[str]]:
    """The graph without the arrows that follow from others. Only for a graph without circles."""
    reach = {node: reachable(graph, node) for node in graph}
    return {
        node: {other for other in others if not any(other in reach[between] for between in others - {other})}
        for node, others in graph.items()
    }


def reachable(graph: Graph, start: str) -> set[str]:
    """The nodes that `start` imports, directly or by way of others."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = graph[waiting.pop()] - found
        found |= new
        waiting += new
    return found


def _room(name: str, package: str) -> str:
    return name.removeprefix(f"{package}.").partition(".")[0] if name != package else package


def _package(path: Path, level: int) -> str:
    """The package that a relative import of `level` dots starts from; empty for an absolute one."""
    if not level:
        return ""
    parts = name_of(path).split(".") + (["__init__"] if path.name == "__init__.py" else [])
    return ".".join(parts[:-level])
