"""Who imports whom among the files of this repository, at any remove."""

from __future__ import annotations

import ast
import functools
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
_ROOTS = ("checks", "config", "kennel", "lambdas", "localcloud", "model_code", "pipeline", "samples", "stacks", "tests")


def module_name(path: str) -> str:
    """`imgcls.contract.keys` of `model_code/imgcls/contract/keys.py`; the package of its `__init__.py`."""
    dotted = path.removeprefix("model_code/").removesuffix(".py").replace("/", ".")
    return dotted.removesuffix(".__init__")


@functools.cache
def dependents(module: str) -> frozenset[str]:
    """The module, and every module that has it, or one of these, imported."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _importers()[name]
    return frozenset(found)


@functools.cache
def _importers() -> dict[str, set[str]]:
    importers: dict[str, set[str]] = defaultdict(set)
    for folder in _ROOTS:
        for path in (ROOT / folder).rglob("*.py"):
            importer = module_name(path.relative_to(ROOT).as_posix())
            for name in _imported(path):
                importers[name].add(importer)
    return importers


def _imported(path: Path) -> Iterator[str]:
    """Names that may be modules, and the packages they lie in."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            yield from (".".join(parts[:end]) for end in range(1, len(parts) + 1))
