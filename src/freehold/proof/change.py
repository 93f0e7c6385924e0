"""What an UPDATE of a proof says: values unlike those that are there, which the table and the declaration accept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from freehold.errors import DatabaseError
from freehold.identity import Role
from freehold.policies import Command, quote_identifier
from freehold.proof.caller import SESSIONS
from freehold.proof.declared import Asked, Declared
from freehold.proof.relation import Relation
from freehold.proof.seed import NOBODY, Row
from freehold.proof.text import condition
from freehold.proof.value import candidates
from freehold.wire import Connection, translated

VALUES_TRIED: Final = 12
OWNER_SESSION: Final = SESSIONS[0]
CHANGED: Final = 9


class Changes:
    """Changes of ``row`` of ``relation``, whose owner column is ``owner``."""

    def __init__(
        self, relation: Relation, declared: Declared | None, admin: Connection, owner: str | None, row: Row
    ) -> None:
        self._relation = relation
        self._declared = declared
        self._admin = admin
        self._owner = owner
        self._row = row
        self.victim = condition({name: row[name] for name in relation.key})

    def unlike(self, names: Sequence[str]) -> Row:
        """One of the columns, with a value that it does not have."""
        tried = self._plain(names) or self._plain(tuple(self._relation.column)) or tuple(names)
        found = [{name: value} for name in tried for value in self._values(name)]
        return next(filter(self._taken, found), found[0] if found else {})

    def _taken(self, values: Row) -> bool:
        """Whether the table takes the change, as far as its constraints are concerned."""
        assignments = ", ".join(f"{quote_identifier(name)} = {value}" for name, value in values.items())
        self._admin.execute(b"BEGIN")
        try:
            with translated():
                self._admin.execute(f"UPDATE {self._relation.sql} SET {assignments} WHERE {self.victim}".encode())
        except DatabaseError:
            return False
        finally:
            self._admin.execute(b"ROLLBACK")
        return True

    def _plain(self, names: Sequence[str]) -> tuple[str, ...]:
        """Columns whose change runs into no key and no reference."""
        bound = {self._owner, *self._relation.key}
        bound |= {name for key in self._relation.keys for name in key.columns}
        bound |= {name for reference in self._relation.references for name in reference.columns}
        return tuple(name for name in names if name not in bound and self._relation.column[name].written)

    def _values(self, name: str) -> list[str]:
        column, current = self._relation.column[name], self._row[name]
        found = candidates(column, self._relation.checks, NOBODY, CHANGED)
        return [value for value in found if current not in (f"{value}::{column.type}", value)][:VALUES_TRIED]

    def assignment(self) -> Row:
        """What the owner's UPDATE says: every column that is open, one of them with a value that the check accepts."""
        declared = self._declared
        if declared is None or not declared.names(Role.AUTHENTICATED.value, Command.UPDATE):
            return self.unlike(())
        names = [
            name
            for name in declared.columns(Command.UPDATE)
            if name in self._relation.column and self._relation.column[name].written
        ]
        kept = {name: self._row[name] for name in names}
        plain = self._plain(names)
        for name in (*plain, *(name for name in names if name not in plain)):
            for value in self._values(name):
                values = {name: value, **{other: kept[other] for other in names if other != name}}
                assignments = ", ".join(f"{quote_identifier(each)} = {new}" for each, new in values.items())
                change = f"UPDATE {self._relation.sql} SET {assignments} WHERE {self.victim}"
                asked = Asked(Command.UPDATE, (), tuple(values), self.victim, change)
                if declared.allows(self._admin, OWNER_SESSION, asked):
                    return values
        return kept
