"""AU401: a view that callers read runs as its owner."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.catalog import Catalog, quoted
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.audit.words import listed, relation_is
from freehold.catalog import Fact, Kind


def _check(catalog: Catalog) -> Iterator[Found]:
    for view, readers in catalog.views:
        if view.text("kind") == "view" and readers and not _invoker(view):
            yield _found(view, listed(readers))
            continue
        if readers:
            yield from (
                _found(below, listed(readers), f" through {'.'.join(view.key)}") for below in _below(catalog, view)
            )


def _invoker(view: Fact) -> bool:
    return any(
        option in ("security_invoker=true", "security_invoker=on", "security_invoker=1")
        for option in view.names("options")
    )


def _below(catalog: Catalog, view: Fact) -> Iterator[Fact]:
    """The views a view reads that run as their owner, and are not granted themselves."""
    for need in view.requires:
        below = catalog.snapshot.get((Kind.VIEW, tuple(need[1:3]))) if need[0] == "view" else None
        if below is not None and below.text("kind") == "view":
            if not _invoker(below):
                yield below
            yield from _below(catalog, below)


def _found(view: Fact, readers: str, through: str = "") -> Found:
    name = ".".join(view.key)
    return Found(
        name,
        f"{readers} read {name}{through}, which runs as its owner, past every policy.",
        Fix((f"ALTER VIEW {quoted(name)} SET (security_invoker = true)",), mechanical=True),
        relation_is(name, "coalesce('security_invoker=true' = ANY (c.reloptions), false)"),
    )


RULE = Rule(
    id="AU401",
    title="A view runs as its owner",
    severity=Severity.ERROR,
    why="A view reads with its owner's rights unless it is a security_invoker view. Whatever the policies say, its readers "
    "see every row that its query selects. One such view below others is enough.",
    remedy="Set security_invoker.",
    about=Catalog,
    check=_check,
    example=Example(
        "create view public.titles as select title from public.notes; grant select on public.titles to authenticated",
        "create view public.titles with (security_invoker = true) as select title from public.notes; "
        "grant select on public.titles to authenticated",
    ),
    covers=("SEC052", "VIEW001"),
)
