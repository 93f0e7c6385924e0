"""What in a database is the application's, and what belongs to other tools and to the host: told apart by name.

Another tool's bookkeeping, a host's own schemas and the roles of other programs are left as they are; so they are
neither planned, nor missed, nor found to differ.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from freehold.catalog.fact import OWNER, Fact, Kind
from freehold.catalog.snapshot import Snapshot

_TABLES: Final[Mapping[str, str]] = {
    "__drizzle_migrations": "Drizzle",
    "alembic_version": "Alembic",
    "_prisma_migrations": "Prisma",
    "django_migrations": "Django",
    "flyway_schema_history": "Flyway",
    "schema_migrations": "schema_migrations",
}
_OWN_SCHEMAS: Final[Mapping[str, str]] = {"drizzle": "Drizzle", "supabase_migrations": "Supabase"}
"""Schemas of tools, whoever owns them."""
_HOST_SCHEMAS: Final = frozenset(
    {
        "_analytics", "_realtime", "cron", "extensions", "graphql", "graphql_public", "net", "pgbouncer", "pgmq",
        "pgsodium", "pgsodium_masks", "realtime", "storage", "supabase_functions", "vault",
    }
)  # fmt: skip
"""Schemas of Supabase, where the application's owner does not own them."""
_ROLES: Final = frozenset({OWNER, "public", "anon", "authenticated", "service_role"})
_REFERENCED: Final = re.compile(r'REFERENCES (?:"((?:[^"]|"")+)"|(\w+))\.')


@dataclass(frozen=True)
class Apart:
    """``own``: the application's facts. ``foreign``: everybody else's. ``tools``: who was recognised, sorted."""

    own: Snapshot
    foreign: tuple[Fact, ...]
    tools: tuple[str, ...]


def apart(snapshot: Snapshot) -> Apart:
    """Tells the facts of ``snapshot`` apart."""
    schemas = {fact.key[0]: tool for fact in snapshot.of(Kind.SCHEMA) if (tool := _tool_of_schema(fact))}
    known = set(snapshot.schemas) - schemas.keys()
    own, foreign, tools = list[Fact](), list[Fact](), set(schemas.values())
    for fact in snapshot.facts:
        tool = schemas.get(_schema(fact)) or _TABLES.get(_relation(fact))
        if tool is not None:
            tools.add(tool)
        outside = tool is not None or _of_another_role(fact) or _of_the_host(fact) or _points_out(fact, known)
        (foreign if outside else own).append(fact)
    return Apart(Snapshot(own), tuple(foreign), tuple(sorted(tools)))


def _tool_of_schema(fact: Fact) -> str | None:
    name = fact.key[0]
    if name in _HOST_SCHEMAS and fact.text("owner") != OWNER:
        return "Supabase"
    return _OWN_SCHEMAS.get(name)


def _schema(fact: Fact) -> str:
    if fact.kind is Kind.OTHER:
        return fact.key[1].partition(".")[0]
    return fact.key[1] if fact.kind in {Kind.GRANT, Kind.COMMENT, Kind.DEFAULT_PRIVILEGE} else fact.key[0]


def _relation(fact: Fact) -> str:
    """The table a fact is about; a sequence is about the one whose column owns it."""
    if fact.kind is Kind.SEQUENCE and fact.names("owned_by"):
        return fact.names("owned_by")[1]
    place = 2 if fact.kind in {Kind.GRANT, Kind.COMMENT} else 1
    name = fact.key[place] if len(fact.key) > place else ""
    return "__drizzle_migrations" if name == "__drizzle_migrations_id_seq" else name


def _of_another_role(fact: Fact) -> bool:
    """A privilege or policy of a role that only this server has."""
    if fact.kind is Kind.GRANT:
        return fact.key[4] not in _ROLES
    if fact.kind is Kind.DEFAULT_PRIVILEGE:
        return fact.key[0] != OWNER or fact.key[3] not in _ROLES
    return fact.kind is Kind.POLICY and not set(fact.names("roles")) <= _ROLES


def _of_the_host(fact: Fact) -> bool:
    """What everybody may do in schema public is the server's, and bootstrap's."""
    return (fact.kind is Kind.GRANT and fact.key[:2] == ("schema", "public")) or (
        fact.kind is Kind.COMMENT and fact.key[:2] == ("schema", "public")
    )


def _points_out(fact: Fact, known: set[str]) -> bool:
    """A reference to a table that is not the application's, like Supabase's auth.users."""
    if fact.kind is not Kind.CONSTRAINT or fact.text("type") != "foreign key":
        return False
    found = _REFERENCED.search(fact.text("definition"))
    return found is not None and (found[1] or found[2]) not in known
