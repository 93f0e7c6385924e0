"""Views and materialized views."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from freehold.catalog import Change, Fact
from freehold.migrations.context import Context
from freehold.migrations.operation import Operation, Phase
from freehold.migrations.rules.name import columns, qualified, revoke_defaults
from freehold.migrations.rules.rule import Rule, ranks, require_only


class ViewRule(Rule):
    """A view that reads another comes after it; a changed query makes a new view, with its grants."""

    def plan(self, changes: Sequence[Change], context: Context) -> Iterator[Operation]:
        place = ranks([change.fact for change in changes])
        for change in changes:
            for operation in super().plan([change], context):
                yield replace(operation, rank=place.get(change.fact.identity, 0))

    def add(self, fact: Fact, context: Context) -> Iterator[Operation]:
        options = f" WITH ({', '.join(fact.names('options'))})" if fact.names("options") else ""
        query = fact.text("definition").strip().removesuffix(";")
        sql = f"CREATE {_kind(fact)} {qualified(*fact.key)} {columns(fact.names('columns'))}{options} AS\n{query}"
        yield Operation(Phase.VIEW, fact.key, sql)
        yield Operation(Phase.VIEW, fact.key, revoke_defaults(f"TABLE {qualified(*fact.key)}", "TABLES", context))

    def drop(self, fact: Fact, context: Context) -> Iterator[Operation]:
        yield Operation(Phase.VIEW, fact.key, f"DROP {_kind(fact)} {qualified(*fact.key)}", drop=True)

    def alter(self, change: Change, before: Fact, after: Fact, context: Context) -> Iterator[Operation]:
        require_only(change, "options")
        view = f"ALTER {_kind(after)} {qualified(*after.key)}"
        gone = [each.partition("=")[0] for each in before.names("options") if each not in after.names("options")]
        if gone:
            yield Operation(Phase.VIEW, after.key, f"{view} RESET ({', '.join(gone)})")
        if after.names("options"):
            yield Operation(Phase.VIEW, after.key, f"{view} SET ({', '.join(after.names('options'))})")

    def recreates(self, change: Change) -> bool:
        return not change.altered.isdisjoint({"definition", "columns", "kind"})


def _kind(fact: Fact) -> str:
    return "MATERIALIZED VIEW" if fact.text("kind") == "materialized" else "VIEW"
