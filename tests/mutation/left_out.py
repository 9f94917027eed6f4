"""What no fault is planted in: texts for people, and code that does nothing at run time."""

from __future__ import annotations

import ast
import re

_WORD = re.compile(r"[\"'(`]*[A-Za-z][a-z]*(?:['’-][a-z]+)*[\"'`.,:;?!)]*")
_PROSE_WORDS = 3
_LOGGING = ("say",)
_TEXTS_AND_GUARDS = ("comment", "description", "encoding", "help", "prog", "strict")
"""Arguments that are read by people, or that make a mistake of the program's own fail at once."""
_TYPES = {"Callable", "Iterator", "Literal", "Mapping", "dict", "list", "tuple"}
_ANNOTATIONS = {(ast.AnnAssign, "annotation"), (ast.arg, "annotation"), (ast.FunctionDef, "returns")}


def is_left_out(node: ast.AST, parent: ast.AST, field: str) -> bool:
    """Whether neither this node nor what lies below it is changed."""
    if any(isinstance(parent, kind) and field == name for kind, name in _ANNOTATIONS):
        return True
    if isinstance(node, ast.Import | ast.ImportFrom | ast.Assert):
        return True
    # The text of an error and the numbers in it; whether it is raised at all is another question.
    if isinstance(parent, ast.Raise):
        return True
    # A dict without the entry is a mutant already.
    if isinstance(parent, ast.Dict) and field == "keys":
        return True
    return _is_text(node) or _is_for_tools(node) or _is_log_line(node) or is_text_or_guard(node)


def is_text_or_guard(node: ast.AST) -> bool:
    return isinstance(node, ast.keyword) and node.arg in _TEXTS_AND_GUARDS


def _is_text(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and _is_prose(node.value)
    if isinstance(node, ast.JoinedStr):
        return _is_prose("".join(part.value if isinstance(part, ast.Constant) else "0" for part in node.values))
    return False


def _is_prose(text: str) -> bool:
    """Three words in a row. Intrinsics of the state machine are code, whatever is in them."""
    if "$." in text:
        return False
    longest = found = 0
    for word in text.split():
        found = found + 1 if _WORD.fullmatch(word) else 0
        longest = max(longest, found)
    return longest >= _PROSE_WORDS


def _is_for_tools(node: ast.AST) -> bool:
    """`__all__`, `if __name__ == ...`, and names for types."""
    if isinstance(node, ast.If) and isinstance(node.test, ast.Compare):
        return ast.unparse(node.test.left) == "__name__"
    if not isinstance(node, ast.Assign):
        return False
    alias = isinstance(node.value, ast.Subscript) and ast.unparse(node.value.value) in _TYPES
    return alias or ast.unparse(node.targets[0]) == "__all__"


def _is_log_line(node: ast.AST) -> bool:
    if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
        return False
    return ast.unparse(node.value.func) in _LOGGING
