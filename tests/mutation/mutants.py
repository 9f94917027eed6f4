"""Every mutant of the product, each with a name that outlives a change elsewhere in its file, and a sample of them."""

from __future__ import annotations

import ast
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.mutation.edits import Edit, Place, of
from tests.mutation.imports import ROOT, module_name
from tests.mutation.left_out import is_left_out

PACKAGES = ("checks", "config", "lambdas", "model_code/imgcls/contract", "pipeline")


@dataclass(frozen=True)
class Mutant:
    """The `number`th edit of a file. `name` tells it from all others and is the same on every machine."""

    path: str
    number: int
    line: int
    name: str

    @property
    def package(self) -> str:
        return next(package for package in PACKAGES if self.path.startswith(f"{package}/"))

    @property
    def module(self) -> str:
        return module_name(self.path)


def mutants(packages: Iterable[str] = PACKAGES) -> Iterator[Mutant]:
    """In the order of files and lines."""
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield from _of_file(path.relative_to(ROOT).as_posix())


def sample(population: Iterable[Mutant], count: int, seed: int) -> list[Mutant]:
    """`count` of them, spread evenly. A mutant's place depends on the seed and its own name alone."""

    def place(mutant: Mutant) -> str:
        return hashlib.sha256(f"{seed} {mutant.name}".encode()).hexdigest()

    return sorted(population, key=place)[:count]


def tree(mutant: Mutant) -> ast.Module:
    """The file's syntax tree with the fault in it."""
    root = _parse(mutant.path)
    for number, (_, edit, _) in enumerate(_edits(root)):
        if number == mutant.number:
            edit.apply()
            return root
    raise ValueError(f"{mutant.path} has fewer than {mutant.number + 1} mutants")


def _parse(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text(), path)


def _of_file(path: str) -> Iterator[Mutant]:
    names: Counter[str] = Counter()
    for number, (scope, edit, line) in enumerate(_edits(_parse(path))):
        name = f"{path} {'.'.join(scope) or 'module'}: {edit.kind}: {edit.before}"
        if edit.after:
            name += f" -> {edit.after}"
        names[name] += 1
        # The same fault twice in one function.
        if names[name] > 1:
            name += f" ({names[name]})"
        yield Mutant(path, number, line, name)


def _edits(parent: ast.AST, scope: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Edit, int]]:
    """(names of what it lies in, edit, line) of everything below `parent`."""
    for place, node in _children(parent):
        if is_left_out(node, parent, place.field):
            continue
        within = (*scope, *_named(node, parent))
        line = getattr(node, "lineno", getattr(parent, "lineno", 0))
        yield from ((within, edit, line) for edit in of(node, place))
        yield from _edits(node, within)


def _named(node: ast.AST, parent: ast.AST) -> tuple[str, ...]:
    """The name of a function or class, and of what a module or class sets."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return (node.name,)
    if not isinstance(parent, ast.Module | ast.ClassDef):
        return ()
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return tuple(target.id for target in targets[:1] if isinstance(target, ast.Name))


def _children(parent: ast.AST) -> Iterator[tuple[Place, ast.AST]]:
    for field, value in ast.iter_fields(parent):
        if isinstance(value, ast.AST):
            yield Place(parent, field, None), value
        elif isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, ast.AST):
                    yield Place(parent, field, index), item
