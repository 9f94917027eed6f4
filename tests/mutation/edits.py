"""The faults: what one node of a syntax tree may be changed into."""

from __future__ import annotations

import ast
import copy
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.mutation.left_out import is_text_or_guard

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Div,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_PAIRS = (
    ("any", "all"),
    ("min", "max"),
    ("startswith", "endswith"),
    ("removeprefix", "removesuffix"),
    ("lstrip", "rstrip"),
    ("partition", "rpartition"),
    ("lower", "upper"),
)
CALLS = {left: right for pair in _PAIRS for left, right in (pair, pair[::-1])} | {
    "fullmatch": "search",
    "search": "fullmatch",
    "sorted": "list",
}
"""Functions and methods that are easily taken for each other."""
CUTS = {"split": "rsplit", "rsplit": "split"}
"""The same for those that do the same unless they are told how often to cut."""
CONTAINERS = (ast.Tuple, ast.List, ast.Set)


@dataclass(frozen=True)
class Edit:
    """One fault in one tree. `before` and `after` are for people; `apply` changes the tree."""

    kind: str
    before: str
    after: str
    apply: Callable[[], object]


@dataclass(frozen=True)
class Place:
    """Where a node hangs: a field of its parent and, in a list, the index."""

    parent: ast.AST
    field: str
    index: int | None

    def put(self, value: ast.AST) -> None:
        if self.index is None:
            setattr(self.parent, self.field, value)
        else:
            getattr(self.parent, self.field)[self.index] = value


def of(node: ast.AST, place: Place) -> Iterator[Edit]:
    """Every edit of one node."""
    for kind, make in _REPLACING.get(type(node), ()):
        for value in make(node):
            ast.fix_missing_locations(ast.copy_location(value, node))
            yield Edit(kind, _text(node), _text(value), functools.partial(place.put, value))
    yield from _deletions(node)


def _text(node: ast.AST) -> str:
    """The first line: of an `if`, without what it governs."""
    return ast.unparse(node).partition("\n")[0]


def _comparisons(node: ast.Compare) -> Iterator[ast.AST]:
    for index, operator in enumerate(node.ops):
        made = copy.deepcopy(node)
        made.ops[index] = COMPARISONS[type(operator)]()
        yield made


def _other_connective(node: ast.BoolOp) -> Iterator[ast.AST]:
    yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)


def _fewer_operands(node: ast.BoolOp) -> Iterator[ast.AST]:
    for index in range(len(node.values)):
        left = node.values[:index] + node.values[index + 1 :]
        yield left[0] if len(left) == 1 else ast.BoolOp(node.op, left)


def _without_sign(node: ast.UnaryOp) -> Iterator[ast.AST]:
    if isinstance(node.op, ast.Not | ast.USub):
        yield node.operand


def _other_operator(node: ast.BinOp) -> Iterator[ast.AST]:
    if type(node.op) in OPERATORS:
        yield ast.BinOp(node.left, OPERATORS[type(node.op)](), node.right)


def _other_branch(node: ast.IfExp) -> Iterator[ast.AST]:
    yield ast.IfExp(node.test, node.orelse, node.body)


def _other_constant(node: ast.Constant) -> Iterator[ast.AST]:
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
    elif isinstance(value, float):
        yield ast.Constant(value * 2 or 1.0)
    elif isinstance(value, str | bytes):
        mark = b"XX" if isinstance(value, bytes) else "XX"
        yield ast.Constant(mark + value + mark)  # type: ignore[operator]


def _other_call(node: ast.Call) -> Iterator[ast.AST]:
    function = node.func
    if isinstance(function, ast.Name) and function.id in CALLS:
        yield ast.Call(ast.Name(CALLS[function.id], ast.Load()), node.args, node.keywords)
    if isinstance(function, ast.Attribute):
        names = CALLS | CUTS if len(node.args) + len(node.keywords) > 1 else CALLS
        if function.attr in names:
            yield ast.Call(ast.Attribute(function.value, names[function.attr], ast.Load()), node.args, node.keywords)


def _without_default(node: ast.Call) -> Iterator[ast.AST]:
    """`values.get(name, default)`."""
    if isinstance(node.func, ast.Attribute) and node.func.attr == "get" and len(node.args) == 2:
        yield ast.Call(node.func, node.args[:1], node.keywords)


def _without_call(node: ast.Call) -> Iterator[ast.AST]:
    """`text.strip()` and the like become `text`."""
    if isinstance(node.func, ast.Attribute) and node.func.attr in ("strip", "rstrip", "lstrip", "lower", "upper"):
        yield node.func.value


def _whole(node: ast.Subscript) -> Iterator[ast.AST]:
    """`values[a:b]` becomes `values`."""
    if isinstance(node.slice, ast.Slice) and isinstance(node.ctx, ast.Load):
        yield node.value


def _negated(node: ast.If | ast.While) -> Iterator[ast.AST]:
    test = node.test.operand if isinstance(node.test, ast.UnaryOp) else ast.UnaryOp(ast.Not(), node.test)
    yield type(node)(test, node.body, node.orelse)


def _nothing(node: ast.stmt) -> Iterator[ast.AST]:
    yield ast.Pass()


def _no_assignment(node: ast.Assign) -> Iterator[ast.AST]:
    """A name that is never bound fails at once, whoever reads it; an item or attribute that is not set may not."""
    if not isinstance(node.targets[0], ast.Name | ast.Tuple):
        yield ast.Pass()


def _no_value(node: ast.Return) -> Iterator[ast.AST]:
    """`return False` is left: who asks takes None for the same."""
    if node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value in (None, False)):
        yield ast.Return(None)


_REPLACING: dict[type[ast.AST], tuple[tuple[str, Callable[..., Iterator[ast.AST]]], ...]] = {
    ast.Compare: (("compare", _comparisons),),
    ast.BoolOp: (("connect", _other_connective), ("drop operand", _fewer_operands)),
    ast.UnaryOp: (("drop sign", _without_sign),),
    ast.BinOp: (("compute", _other_operator),),
    ast.IfExp: (("swap branches", _other_branch),),
    ast.Constant: (("constant", _other_constant),),
    ast.Call: (("call", _other_call), ("drop default", _without_default), ("drop call", _without_call)),
    ast.Subscript: (("drop slice", _whole),),
    ast.If: (("negate", _negated),),
    ast.While: (("negate", _negated),),
    ast.Expr: (("drop statement", _nothing),),
    ast.Raise: (("drop statement", _nothing),),
    ast.AugAssign: (("drop statement", _nothing),),
    ast.Delete: (("drop statement", _nothing),),
    ast.Continue: (("drop statement", _nothing),),
    ast.Break: (("drop statement", _nothing),),
    ast.Assign: (("drop statement", _no_assignment),),
    ast.Return: (("return nothing", _no_value),),
}


def _deletions(node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, CONTAINERS) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        yield from _items("drop item", node, "elts")
    if isinstance(node, ast.Dict):
        yield from _entries(node)
    if isinstance(node, ast.Call):
        yield from _items("drop argument", node, "keywords", unless=is_text_or_guard)
    if isinstance(node, ast.comprehension):
        yield from _items("drop condition", node, "ifs")
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield from _items("drop decorator", node, "decorator_list")


def _items(kind: str, node: ast.AST, field: str, unless: Callable[[ast.AST], bool] = lambda _: False) -> Iterator[Edit]:
    items = getattr(node, field)
    for index, item in enumerate(items):
        if not unless(item):
            yield Edit(kind, _text(item), "", functools.partial(items.pop, index))


def _entries(node: ast.Dict) -> Iterator[Edit]:
    for index, (key, value) in enumerate(zip(node.keys, node.values, strict=True)):
        text = ast.unparse(ast.Dict([key], [value]))[1:-1]
        yield Edit("drop entry", text, "", functools.partial(_drop_entry, node, index))


def _drop_entry(node: ast.Dict, index: int) -> None:
    del node.keys[index], node.values[index]
