"""Making a used clone as good as new, so that the next test need not wait for another copy of the template.

Copying a database takes PostgreSQL tens of milliseconds, and much more on a busy disk; taking a test's rows back takes
a few. It is done only where it is certain to be enough: the catalog is as it was, and so is every table that came with
rows. A clone whose schema a test changed is dropped.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final, Self

from freehold.errors import FreeholdError
from freehold.policies import quote_identifier, quote_literal
from freehold.wire import Connection, connect, translated

_PATIENCE: Final = 5.0
# A row of the catalog that DDL wrote has another xmin than its copy from the template.
_CATALOGS: Final = (
    "pg_attrdef", "pg_attribute", "pg_cast", "pg_collation", "pg_constraint", "pg_default_acl", "pg_description",
    "pg_enum", "pg_event_trigger", "pg_extension", "pg_foreign_server", "pg_inherits", "pg_namespace", "pg_operator",
    "pg_policy", "pg_proc", "pg_publication", "pg_rewrite", "pg_sequence", "pg_trigger", "pg_ts_config", "pg_type",
)  # fmt: skip
_CLASSES: Final = (
    "SELECT pg_catalog.md5(pg_catalog.string_agg(pg_catalog.concat_ws(',', oid, relname, relowner, relacl, relkind, "
    "relrowsecurity, relforcerowsecurity, relreplident, reloptions), ';' ORDER BY oid)) FROM pg_catalog.pg_class"
)
_SETTINGS: Final = (
    "SELECT pg_catalog.concat_ws(';', (SELECT d.datacl::text FROM pg_catalog.pg_database d WHERE d.oid = s.oid),"
    " (SELECT pg_catalog.string_agg(x.setconfig::text, ',') FROM pg_catalog.pg_db_role_setting x"
    "  WHERE x.setdatabase = s.oid), (SELECT count(*) FROM pg_catalog.pg_largeobject_metadata))"
    " FROM pg_catalog.pg_database s WHERE s.datname = pg_catalog.current_database()"
)
_SCHEMA: Final = " UNION ALL ".join(
    (
        *(
            f"SELECT pg_catalog.concat_ws(',', '{name}', count(*), sum(xmin::text::bigint)) FROM pg_catalog.{name}"
            for name in _CATALOGS
        ),
        _CLASSES,
        _SETTINGS,
    )
).encode()
_TABLES: Final = b"""
    SELECT n.nspname::text, c.relname::text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1, 2
"""
_SEQUENCES: Final = b"SELECT schemaname::text, sequencename::text FROM pg_catalog.pg_sequences ORDER BY 1, 2"
_END_OTHERS: Final = b"""
    SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
    WHERE datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid()
"""


@dataclass
class Wear:
    """What a clone was when it was new; `renewed` makes it that again, if it can."""

    connection: Connection
    schema: list[tuple[object, ...]]
    empty: tuple[str, ...]
    filled: dict[str, object]
    counts: dict[str, tuple[object, ...]]

    @classmethod
    def of(cls, dsn: str) -> Self:
        """A look at a new clone. ``dsn``: the superuser's; the connection is kept until `close`."""
        connection = connect(dsn)
        with translated():
            names = _names(connection, _TABLES)
            full = set(_holding(connection, names))
            return cls(
                connection,
                connection.execute(_SCHEMA).fetchall(),
                tuple(name for name in names if name not in full),
                {name: _digest(connection, name) for name in full},
                _counts(connection),
            )

    def renewed(self) -> bool:
        """Ends what others do in the clone and takes their rows back; False where that is not enough."""
        try:
            with translated():
                return self._alone() and self._unchanged() and self._emptied()
        except FreeholdError:
            return False

    def close(self) -> None:
        """Ends the connection."""
        self.connection.close()

    def _alone(self) -> bool:
        """Whether the other connections are gone; PostgreSQL's own wait looks only ten times a second."""
        deadline = time.monotonic() + _PATIENCE
        while self.connection.execute(_END_OTHERS).fetchall():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.001)
        return True

    def _unchanged(self) -> bool:
        if self.connection.execute(_SCHEMA).fetchall() != self.schema:
            return False
        return all(_digest(self.connection, name) == found for name, found in self.filled.items())

    def _emptied(self) -> bool:
        statements = [f"DELETE FROM {name}" for name in _holding(self.connection, self.empty)]
        now = _counts(self.connection)
        statements += [_back(name, *count) for name, count in self.counts.items() if now[name] != count]
        if statements:
            # Without triggers: what a foreign key or a trigger would do is not wanted.
            script = ["SET LOCAL session_replication_role = replica", *statements]
            self.connection.execute("; ".join(["BEGIN", *script, "COMMIT"]).encode())
        return True


def _names(connection: Connection, query: bytes) -> list[str]:
    return [
        f"{quote_identifier(str(schema))}.{quote_identifier(str(name))}"
        for schema, name in connection.execute(query).fetchall()
    ]


def _holding(connection: Connection, names: tuple[str, ...] | list[str]) -> list[str]:
    """The tables among ``names`` that have rows."""
    if not names:
        return []
    parts = (f"SELECT {quote_literal(name)} WHERE EXISTS (SELECT FROM {name})" for name in names)
    return [str(row[0]) for row in connection.execute(" UNION ALL ".join(parts).encode()).fetchall()]


def _digest(connection: Connection, name: str) -> object:
    sql = f"SELECT pg_catalog.md5(pg_catalog.string_agg(t::text, ',' ORDER BY t::text)) FROM {name} t"
    return connection.execute(sql.encode()).fetchone()


def _counts(connection: Connection) -> dict[str, tuple[object, ...]]:
    """The last value of each sequence, and whether it was given out."""
    parts = [
        f"SELECT {quote_literal(name)}, last_value, is_called FROM {name}" for name in _names(connection, _SEQUENCES)
    ]
    rows = connection.execute(" UNION ALL ".join(parts).encode()).fetchall() if parts else []
    return {str(name): tuple(count) for name, *count in rows}


def _back(sequence: str, value: object, called: object) -> str:
    """Not RESTART, which writes a row of the catalog: to all appearance the schema would be another."""
    return f"SELECT pg_catalog.setval({quote_literal(sequence)}, {value}, {called})"
