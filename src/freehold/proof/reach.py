"""The attacks on what stands before the tables: views and functions that a caller may reach.

Whose row a view shows cannot be told from its columns alone (it may count, or join). So the question is put
differently: does the answer to a caller change when the owner's rows are gone? If it does, they were in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, product

from freehold.policies import quote_identifier
from freehold.proof.attack import Attack
from freehold.proof.caller import ALICE, SESSIONS, Caller, Session
from freehold.proof.relation import Column, Relation, Routine, Surface
from freehold.proof.seed import NOBODY, Seeds
from freehold.proof.value import candidates

_ARGUMENTS_TRIED = 4


class ReachAttacks:
    """Makes the attacks on the views and functions of a surface."""

    def __init__(self, surface: Surface, seeds: Seeds, callers: Sequence[str]) -> None:
        self._surface = surface
        self._callers = ", ".join(map(quote_identifier, callers))
        owned = [(table, seeds.owner(table)) for table in surface.tables if table.full_name not in seeds.failed]
        conditions = [
            (table, f"{quote_identifier(owner)} = {seeds.rows[table.full_name, NOBODY][owner]}")
            for table, owner in owned
            if owner is not None
        ]
        self._without = "; ".join(f"DELETE FROM {table.sql} WHERE {condition}" for table, condition in conditions)
        self._look = _everything(conditions)
        self._opened = "; ".join(f"ALTER TABLE {table.sql} DISABLE ROW LEVEL SECURITY" for table in surface.tables)
        self._granted = "; ".join(f"GRANT ALL ON {table.sql} TO {self._callers}" for table in surface.tables)

    def view(self, view: Relation) -> Iterator[Attack]:
        """Reading it, and changing rows through it where a caller may."""
        materialized = view.relkind == "m"
        invoker = "" if materialized else f"; ALTER VIEW {view.sql} SET (security_invoker = false)"
        usage = f"GRANT USAGE ON SCHEMA {quote_identifier(view.schema)} TO {self._callers}"
        opening = f"{self._opened}; GRANT ALL ON {view.sql} TO {self._callers}; {usage}{invoker}"
        for session in _sessions():
            sql = f"SELECT * FROM {view.sql}"
            without = f"{self._without}; REFRESH MATERIALIZED VIEW {view.sql}" if materialized else self._without
            yield self._attack(view.full_name, "SELECT", session, sql, opening, without)
            if not materialized:
                yield from self._writes(view, session, opening)

    def _writes(self, view: Relation, session: Session, opening: str) -> Iterator[Attack]:
        role = session.role or ""
        names = view.open_to(role, "UPDATE")
        if names:
            name = quote_identifier(names[-1])
            yield self._attack(view.full_name, "UPDATE", session, f"UPDATE {view.sql} SET {name} = NULL", opening, "")
        if role in view.deletable:
            yield self._attack(view.full_name, "DELETE", session, f"DELETE FROM {view.sql}", opening, "")

    def routine(self, routine: Routine) -> Iterator[Attack]:
        """Calling it with the owner's id and with other values, for each argument."""
        verb = "CALL" if routine.procedure else "SELECT * FROM"
        opening = f"{self._opened}; {self._granted}"
        choices = [list(_arguments(argument)) for argument in routine.arguments]
        for session in _sessions():
            for values in islice(product(*choices), _ARGUMENTS_TRIED):
                sql = f"{verb} {routine.sql}({', '.join(values)})"
                yield self._attack(routine.full_name, "SELECT", session, sql, opening, self._without)

    def _attack(self, place: str, command: str, session: Session, sql: str, opening: str, without: str) -> Attack:
        return Attack(
            place=place,
            command=command,
            form="bare",
            session=session,
            what="read" if command == "SELECT" else command.lower(),
            sql=sql,
            judge="difference",
            look=self._look,
            without=without,
            opening=opening,
            expected=None if session.caller is Caller.OWNER else False,
        )


def _sessions() -> tuple[Session, ...]:
    return tuple(session for session in SESSIONS if not session.as_owner)


def _arguments(argument: Column) -> Iterator[str]:
    if argument.base == "uuid" or argument.category == "S":
        yield f"'{ALICE}'::{argument.type}"
    yield from islice((f"{value}::{argument.type}" for value in candidates(argument, (), NOBODY, 1)), 1)


def _everything(conditions: Sequence[tuple[Relation, str]]) -> str:
    parts = [f"SELECT t::text AS row FROM {table.sql} t WHERE {condition}" for table, condition in conditions]
    rows = " UNION ALL ".join(parts) or "SELECT NULL::text AS row"
    return f"SELECT pg_catalog.md5(coalesce(pg_catalog.string_agg(row, ',' ORDER BY row), '')) FROM ({rows}) AS rows"
