"""Comments."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.catalog import Change, Fact
from freehold.migrations.context import Context
from freehold.migrations.operation import Operation, Phase
from freehold.migrations.rules.name import qualified
from freehold.migrations.rules.rule import Rule, unsupported
from freehold.policies import quote_identifier, quote_literal

_PLAIN = {"schema", "table", "view", "materialized view", "sequence", "index", "type"}
_ON_TABLE = {"table constraint": "CONSTRAINT", "policy": "POLICY", "trigger": "TRIGGER"}


class CommentRule(Rule):
    """A comment is set, replaced and set to NULL by the same statement."""

    def add(self, fact: Fact, context: Context) -> Iterator[Operation]:
        yield _comment(fact, quote_literal(fact.text("text")).strip())

    def drop(self, fact: Fact, context: Context) -> Iterator[Operation]:
        yield _comment(fact, "NULL", drop=True)

    def alter(self, change: Change, before: Fact, after: Fact, context: Context) -> Iterator[Operation]:
        yield _comment(after, quote_literal(after.text("text")).strip())


def _comment(fact: Fact, text: str, *, drop: bool = False) -> Operation:
    return Operation(Phase.COMMENT, fact.key, f"COMMENT ON {_target(fact)} IS {text}", drop=drop)


def _target(fact: Fact) -> str:
    kind, *names = fact.key
    if kind in _PLAIN:
        # A type comes as one name, already qualified and quoted.
        return f"TYPE {names[0]}" if kind == "type" else f"{kind.upper()} {qualified(*names)}"
    if kind == "table column":
        return f"COLUMN {qualified(*names)}"
    if kind in _ON_TABLE:
        return f"{_ON_TABLE[kind]} {quote_identifier(names[2])} ON {qualified(*names[:2])}"
    if kind in {"function", "procedure"}:
        return f"{kind.upper()} {qualified(*names[:2])}({''.join(names[2:])})"
    raise unsupported(Change(None, fact))
