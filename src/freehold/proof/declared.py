"""What the models say a caller may do with a row: their own predicates, asked of PostgreSQL, never the live policies.

The predicate a model declares is evaluated by a superuser over the rows at hand with the caller's claims set. So what is
expected comes from the declaration alone, and a live policy that says something else shows as a difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Table, UniqueConstraint

from freehold.errors import DatabaseError
from freehold.identity import Role
from freehold.models import ColumnRules, DefinerFunction, functions_of, protection_of, rules_of
from freehold.models.function import sql_type
from freehold.policies import Command, Grant, PolicyText, Protection, quote_identifier
from freehold.proof.caller import Session
from freehold.proof.relation import Reference
from freehold.wire import Connection, translated

_CALLERS: Final = (Role.ANON.value, Role.AUTHENTICATED.value)


@dataclass(frozen=True)
class Asked:
    """A statement, as its declaration sees it: the columns it reads and writes, and the rows it is about.

    ``row``: a condition for the row it meets. ``change``: the same statement for the superuser, when it writes one.
    """

    command: Command
    reads: Sequence[str] = ()
    writes: Sequence[str] = ()
    row: str | None = None
    change: str | None = None
    prepare: str | None = None


class Declared:
    """The declarations of one table. ``opened``: what declared functions do to it as its owner."""

    def __init__(self, table: Table, opened: Iterable[Command] = ()) -> None:
        self.table = table
        self.opened = frozenset(opened)
        self.rules = rules_of(table)
        self._names = [column.name for column in table.columns]
        self._protection: Protection = protection_of(table)

    @property
    def owner(self) -> str | None:
        """The owner column."""
        return self.rules.owner

    def columns(self, command: Command) -> tuple[str, ...]:
        """The columns a caller may name in ``command``."""
        return tuple(name for name in self._names if self.column(name).allows(command))

    def closed(self, command: Command) -> tuple[str, ...]:
        """The columns that no caller may name in ``command``, where callers have the command at all."""
        if not any(self.names(role, command) for role in _CALLERS):
            return ()
        return tuple(name for name in self._names if not self.column(name).allows(command))

    def column(self, name: str) -> ColumnRules:
        """The rules of a column."""
        return self.rules.of(name)

    def names(self, role: str | None, command: Command) -> bool:
        """Whether a policy and a grant give ``role`` the command at all."""
        return bool(self._policies(role, command)) and self._grant(role, command) is not None

    def unique_keys(self) -> tuple[tuple[str, ...], ...]:
        """The columns of the primary key and of the unique constraints and indexes."""
        unique = [each for each in self.table.constraints if isinstance(each, UniqueConstraint)]
        found = [tuple(each.columns.keys()) for each in (self.table.primary_key, *unique)]
        found += [tuple(each.columns.keys()) for each in self.table.indexes if each.unique]
        return tuple(sorted(found))

    def references(self) -> tuple[Reference, ...]:
        """The foreign keys."""
        return tuple(
            Reference(
                str(each.name),
                tuple(each.column_keys),
                f"{each.referred_table.schema or 'public'}.{each.referred_table.name}",
                tuple(element.column.name for element in each.elements),
            )
            for each in sorted(self.table.foreign_key_constraints, key=lambda each: str(each.name))
        )

    def allows(self, admin: Connection, session: Session, asked: Asked) -> bool:
        """Whether the declaration lets ``session`` do it to the row."""
        if session.as_owner:
            return asked.command in self.opened and (not asked.reads or Command.SELECT in self.opened)
        if not self._named(session.role, asked):
            return False
        admin.execute(b"BEGIN")
        try:
            with translated():
                return self._evaluated(admin, session, asked)
        except DatabaseError:
            return False
        finally:
            admin.execute(b"ROLLBACK")

    def _named(self, role: str | None, asked: Asked) -> bool:
        needed = {asked.command: asked.writes, Command.SELECT: asked.reads}
        wanted = {command: names for command, names in needed.items() if command is asked.command or names}
        for command, names in wanted.items():
            grant = self._grant(role, command)
            if grant is None or not self._policies(role, command):
                return False
            if grant.columns is not None and not set(names) <= set(grant.columns):
                return False
        return True

    def _evaluated(self, admin: Connection, session: Session, asked: Asked) -> bool:
        claims = [f"pg_catalog.set_config('{name}', $q${value}$q$, true)" for name, value in session.settings[1:]]
        if claims:
            admin.execute(f"SELECT {', '.join(claims)}".encode())
        reading = [self._any(session.role, Command.SELECT, "using")] if asked.reads else []
        name = self._protection.table
        if asked.prepare:
            admin.execute(asked.prepare.encode())
        if asked.row is not None:
            conditions = [asked.row, *reading, self._any(session.role, asked.command, "using")]
            if not _exists(admin, name, conditions):
                return False
        if asked.change is None:
            return True
        made = admin.execute(f"{asked.change} RETURNING tableoid, ctid".encode()).fetchone()
        if made is None:
            return False
        row = f"{name}.tableoid = {made[0]} AND {name}.ctid = '{made[1]}'"
        return _exists(admin, name, [row, *reading, self._any(session.role, asked.command, "check")])

    def _any(self, role: str | None, command: Command, part: str) -> str:
        texts = [getattr(policy, part) for policy in self._policies(role, command)]
        return "(" + " OR ".join(f"({text})" for text in texts if text is not None) + ")"

    def _policies(self, role: str | None, command: Command) -> list[PolicyText]:
        return [each for each in self._protection.policies if each.command is command and role in each.roles]

    def _grant(self, role: str | None, command: Command) -> Grant | None:
        grants = self._protection.grants
        return next((each for each in grants if each.command is command and each.role == role), None)


def declarations(tables: Sequence[Table]) -> Mapping[str, Declared]:
    """The declarations by ``schema.name``."""
    found = [function for table in tables for function in functions_of(table)]
    return {
        f"{table.schema or 'public'}.{table.name}": Declared(
            table, {command for function in found for command in function.opens.get(table, ())}
        )
        for table in tables
    }


def functions(tables: Sequence[Table]) -> Mapping[str, DefinerFunction]:
    """The declared functions by signature."""
    return {_signature(function): function for table in tables for function in functions_of(table)}


def _signature(function: DefinerFunction) -> str:
    name = f"{quote_identifier(function.schema)}.{quote_identifier(function.name)}"
    return f"{name}({', '.join(map(sql_type, function.arguments.values()))})"


def _exists(admin: Connection, table: str, conditions: Sequence[str]) -> bool:
    sql = f"SELECT EXISTS (SELECT FROM {table} WHERE {' AND '.join(conditions)})"
    return admin.execute(sql.encode()).fetchone() == (True,)
