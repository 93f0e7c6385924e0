"""AU402: callers read something that cannot have policies."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.catalog import CALLERS, Catalog, quoted
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.audit.words import listed, reached_by_nobody


def _check(catalog: Catalog) -> Iterator[Found]:
    for view, readers in catalog.views:
        if view.text("kind") == "materialized" and readers:
            yield _found(".".join(view.key), "a materialized view", listed(readers))
    for table in catalog.tables:
        if table.fact.text("kind") == "foreign" and table.reachable:
            yield _found(table.name, "a foreign table", listed(table.reach))


def _found(name: str, kind: str, readers: str) -> Found:
    return Found(
        name,
        f"{readers} read {name}, {kind}: it has no row security.",
        Fix((f"REVOKE ALL ON {quoted(name)} FROM PUBLIC, {', '.join(CALLERS)}",), mechanical=True),
        reached_by_nobody(name),
    )


RULE = Rule(
    id="AU402",
    title="A materialized view or foreign table is granted",
    severity=Severity.ERROR,
    why="Neither can have policies. A materialized view holds what its owner saw at the last refresh; a foreign table what "
    "the other server shows to its mapping.",
    remedy="Revoke it. Give callers a function or a security_invoker view that filters by the caller.",
    about=Catalog,
    check=_check,
    example=Example(
        "create materialized view public.totals as select count(*) from public.notes; grant select on public.totals to anon",
        "create materialized view public.totals as select count(*) from public.notes",
    ),
    covers=("SEC053", "SEC054", "VIEW003"),
)
