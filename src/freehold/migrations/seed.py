"""A row in every table of a scratch database, so that the proof of a revision sees what becomes of rows.

All values of a type are alike, so that what refers to a row finds one. A table whose constraints want something else
stays empty, and `unseeded` names it: the proof says nothing about its rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from freehold.catalog import Fact, Kind, Snapshot
from freehold.errors import DatabaseError
from freehold.migrations.rules.name import columns, qualified
from freehold.migrations.shadow import Shadow
from freehold.policies import quote_identifier, quote_literal
from freehold.wire import narrated

_VALUES: Final = {
    r"uuid": "'00000000-0000-7000-8000-000000000001'",
    r"text|character varying.*|character.*|citext": "'a'",
    r"smallint|integer|bigint|numeric.*|real|double precision": "1",
    r"boolean": "true",
    r"jsonb?": "'{}'",
    r"bytea": "''",
    r"date|timestamp.*": "'2020-01-01'",
    r"time.*": "'12:00'",
    r"interval.*": "'1 day'",
    r".*\[\]": "'{}'",
}

Seeds = Mapping[int, str]


def seed(shadow: Shadow, facts: Snapshot) -> Seeds:
    """Puts a row into every ordinary table that takes one; gives their names by what a rename does not change."""
    seeded: dict[int, str] = {}
    with _superuser(shadow):
        for table in facts.of(Kind.TABLE):
            statement = _insert(table, facts)
            if statement is not None and table.text("kind") == "ordinary":
                try:
                    with narrated():
                        shadow.connection.execute(statement.encode())
                        row: Any = shadow.connection.execute(
                            "select %s::regclass::oid::bigint", (qualified(*table.key),)
                        ).fetchone()
                except DatabaseError:
                    continue
                seeded[row[0]] = table.name
    return seeded


def unseeded(facts: Snapshot, seeds: Seeds) -> tuple[str, ...]:
    """The ordinary tables that took no row."""
    seeded = set(seeds.values())
    tables = (table for table in facts.of(Kind.TABLE) if table.text("kind") == "ordinary")
    return tuple(table.name for table in tables if table.name not in seeded)


def lost(shadow: Shadow, seeds: Seeds) -> tuple[str, ...]:
    """The tables that are still there and have lost their row."""
    with _superuser(shadow):
        return tuple(name for oid, name in seeds.items() if _rows(shadow, oid) == 0)


def clear(shadow: Shadow, seeds: Seeds) -> None:
    """Takes the rows out again."""
    with _superuser(shadow):
        for name in filter(None, (_name(shadow, oid) for oid in seeds)):
            shadow.connection.execute(f"delete from {name}".encode())  # noqa: S608 - as regclass prints it


class _superuser:  # noqa: N801 - reads as a statement where it is used
    """Row security, triggers and references of a scratch database are not what is looked at."""

    def __init__(self, shadow: Shadow) -> None:
        self._shadow = shadow

    def __enter__(self) -> None:
        self._shadow.connection.execute(b"reset role; set session_replication_role = replica")

    def __exit__(self, *_: object) -> None:
        role = quote_identifier(self._shadow.owner)
        self._shadow.connection.execute(f"set session_replication_role = origin; set role {role}".encode())


def _insert(table: Fact, facts: Snapshot) -> str | None:
    pairs = dict(_values(table, facts))
    if None in pairs.values():
        return None
    name = qualified(*table.key)
    if not pairs:
        return f"INSERT INTO {name} DEFAULT VALUES"
    return f"INSERT INTO {name} {columns(tuple(pairs))} VALUES ({', '.join(map(str, pairs.values()))})"  # noqa: S608 - quoted


def _values(table: Fact, facts: Snapshot) -> Iterator[tuple[str, str | None]]:
    """A value for each column without a default; None where one is needed and nobody knows any."""
    for column in _columns(table, facts).values():
        if column.text("generated") or column.text("identity"):
            continue
        if column.text("default") and "auth." not in column.text("default"):
            continue
        value = _value(column.text("type"), facts)
        if value is not None or column.flag("not_null"):
            yield column.key[2], value


def _columns(table: Fact, facts: Snapshot) -> dict[str, Fact]:
    """The columns by name; those of a partition are its parent's."""
    found = dict[str, Fact]()
    for need in table.requires:
        found |= _columns(facts[Kind.TABLE, tuple(need[1:])], facts)
    return found | {fact.key[2]: fact for fact in facts.of(Kind.COLUMN, *table.key)}


def _value(type_: str, facts: Snapshot) -> str | None:
    for enum in facts.of(Kind.ENUM):
        if type_.replace('"', "") == ".".join(enum.key) and enum.names("labels"):
            return quote_literal(enum.names("labels")[0]).strip()
    for domain in facts.of(Kind.DOMAIN):
        if type_.replace('"', "") == ".".join(domain.key):
            return _value(domain.text("type"), facts)
    return next((value for pattern, value in _VALUES.items() if re.fullmatch(pattern, type_)), None)


def _name(shadow: Shadow, oid: int) -> str | None:
    row: Any = shadow.connection.execute("select oid::regclass::text from pg_class where oid = %s", (oid,)).fetchone()
    return None if row is None else str(row[0])


def _rows(shadow: Shadow, oid: int) -> int | None:
    name = _name(shadow, oid)
    if name is None:
        return None
    row: Any = shadow.connection.execute(f"select count(*) from {name}".encode()).fetchone()  # noqa: S608
    return int(row[0])
