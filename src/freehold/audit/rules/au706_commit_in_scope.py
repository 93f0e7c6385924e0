"""AU706: a commit or rollback inside a scope's transaction."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from freehold.audit.found import Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.audit.source import Module, literal, sql_calls

_ENDS = ("commit", "rollback", "end", "abort")


def _check(module: Module) -> Iterator[Found]:
    for node in module.nodes:
        if isinstance(node, ast.AsyncWith):
            yield from _inside(module, node, _names(node))
    for call, argument in sql_calls(module):
        words = (literal(argument) or "").strip().rstrip(";").lower().split()
        if words and words[0] in _ENDS and len(words) <= 2:
            yield module.found(call, f"{words[0].upper()} ends the transaction that holds the caller's identity.", _FIX)


def _names(node: ast.AsyncWith) -> frozenset[str]:
    """The variables that ``async with scope.transaction()`` and ``.session()`` bind."""
    return frozenset(
        item.optional_vars.id
        for item in node.items
        if isinstance(item.optional_vars, ast.Name)
        and isinstance(item.context_expr, ast.Call)
        and isinstance(item.context_expr.func, ast.Attribute)
        and item.context_expr.func.attr in ("transaction", "session")
    )


def _inside(module: Module, block: ast.AsyncWith, names: frozenset[str]) -> Iterator[Found]:
    for node in ast.walk(block):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("commit", "rollback")
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id in names
        ):
            yield module.found(node, f"{node.func.attr}() ends the transaction that holds the caller's identity.", _FIX)


_FIX = "# leave the block to commit, raise to roll back; two transactions are two blocks"

RULE = Rule(
    id="AU706",
    title="A commit inside a scope",
    severity=Severity.ERROR,
    why="Identity lasts one transaction. What runs after a commit in the same block runs as nobody, or on the next "
    "caller's connection.",
    remedy="Leave the block: it commits. Raise: it rolls back.",
    about=Module,
    check=_check,
    example=Example(
        "async def save(alice, note):\n    async with alice.session() as session:\n        session.add(note)\n"
        "        await session.commit()\n        await session.refresh(note)\n",
        "async def save(alice, note):\n    async with alice.session() as session:\n        session.add(note)\n",
    ),
)
