"""AU605: an index that is not valid."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.catalog import Catalog
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.audit.words import named
from freehold.policies import quote_identifier


def _check(catalog: Catalog) -> Iterator[Found]:
    for table in catalog.tables:
        schema = table.name.partition(".")[0]
        for index in table.indexes:
            if not index.valid and table.fact.text("kind") != "partitioned":
                yield Found(
                    f"{table.name}.{index.name}",
                    f"{index.name} is not valid: it is kept up to date, never read, and guarantees nothing.",
                    Fix((f"REINDEX INDEX {quote_identifier(schema)}.{quote_identifier(index.name)}",)),
                    f"SELECT indisvalid FROM pg_index WHERE indexrelid = {named(f'{schema}.{index.name}')}::regclass",
                )


RULE = Rule(
    id="AU605",
    title="An index is not valid",
    severity=Severity.WARNING,
    why="CREATE INDEX CONCURRENTLY that fails leaves one behind. IF NOT EXISTS then finds the name and is content.",
    remedy="Build it again.",
    about=Catalog,
    check=_check,
    example=Example(
        "create index broken on public.notes (title); update pg_index set indisvalid = false "
        "where indexrelid = 'public.broken'::regclass",
        "create index broken on public.notes (title)",
        superuser=True,
    ),
)
