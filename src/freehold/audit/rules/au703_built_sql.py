"""AU703: SQL text is built from values."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from freehold.audit.found import Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.audit.source import Module, literal, sql_calls


def _check(module: Module) -> Iterator[Found]:
    for call, argument in sql_calls(module):
        how = _built(argument)
        if how:
            yield module.found(
                call,
                f"SQL is built by {how}: whatever stands in the values becomes part of the statement.",
                'await alice.raw("select ... where title = $1", title)',
            )


def _built(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr) and any(isinstance(part, ast.FormattedValue) for part in node.values):
        return "an f-string"
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Mod)):
        sides = (node.left, node.right)
        texts = [literal(side) is not None or bool(_built(side)) for side in sides]
        if any(texts) and not all(literal(side) is not None for side in sides):
            return "joining strings" if isinstance(node.op, ast.Add) else "the % operator"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr == "format" and literal(node.func.value) is not None:
            return "str.format"
        if node.func.attr == "encode":
            return _built(node.func.value)
    return ""


RULE = Rule(
    id="AU703",
    title="SQL is built from values",
    severity=Severity.ERROR,
    why="A value in the text of a statement can be more statement. As the application's role that is enough to choose "
    "one's claims: row security decides by what the statement says about its caller.",
    remedy="Pass values as parameters; build conditions with SQLAlchemy expressions.",
    about=Module,
    check=_check,
    example=Example(
        "rows = alice.raw(f\"select id from notes where title = '{title}'\")\n",
        'rows = alice.raw("select id from notes where title = $1", title)\n',
    ),
)
