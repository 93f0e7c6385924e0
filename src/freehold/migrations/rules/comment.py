"""Comments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from freehold.catalog import Change, Fact, Kind
from freehold.migrations.context import Context
from freehold.migrations.operation import Operation, Phase, Stage
from freehold.migrations.rules.name import qualified
from freehold.migrations.rules.rule import Rule, unsupported
from freehold.policies import quote_identifier, quote_literal

_PLAIN = {"schema", "table", "view", "materialized view", "sequence", "index", "type"}
_ON_TABLE = {"table constraint": "CONSTRAINT", "policy": "POLICY", "trigger": "TRIGGER"}


class CommentRule(Rule):
    """A comment is set, replaced and set to NULL by the same statement."""

    def add(self, fact: Fact, context: Context) -> Iterator[Operation]:
        stage = Stage.LAST if any(map(context.live, _added(fact, context))) else Stage.MAIN
        yield replace(_comment(fact, quote_literal(fact.text("text")).strip()), stage=stage)

    def drop(self, fact: Fact, context: Context) -> Iterator[Operation]:
        yield _comment(fact, "NULL", drop=True)

    def alter(self, change: Change, before: Fact, after: Fact, context: Context) -> Iterator[Operation]:
        yield _comment(after, quote_literal(after.text("text")).strip())


def _added(fact: Fact, context: Context) -> Iterator[Fact]:
    """The index or constraint that the comment is on, where this plan makes it: perhaps after its first transaction."""
    kind = {"index": Kind.INDEX, "table constraint": Kind.CONSTRAINT}.get(fact.key[0])
    for each in context.after.of(kind, fact.key[1]) if kind else ():
        if each.identity in context.added and each.key[2] == fact.key[-1]:
            yield each


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
