"""The attacks on what stands before the tables: views and functions that a caller may reach.

A function that a model declares shows what it was made to show: to whom it is granted, and by a value that nobody reads
(the hash of a token). With everything else that is known of the owner's rows it is attacked like any other.

Whose row a view shows cannot be told from its columns alone (it may count, or join). So the question is put
differently: does the answer to a caller change when the owner's rows are gone? If it does, they were in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, TypeAlias

from freehold.identity import Role
from freehold.policies import Command, quote_identifier, quote_literal
from freehold.proof.attack import Attack
from freehold.proof.caller import ALICE, SESSIONS, Caller, Session
from freehold.proof.declared import Declared
from freehold.proof.relation import Column, Relation, Routine, Surface
from freehold.proof.seed import NOBODY, Seeds
from freehold.proof.value import NULL, candidates

Arguments: TypeAlias = tuple[str, ...]
"""One value for each argument, as SQL."""

_CALLS_TRIED: Final = 48
_NUMBER: Final = 50
_TEXTS: Final = ("text", "uuid", "character varying", "citext")


class ReachAttacks:
    """Makes the attacks on the views and functions of a surface."""

    def __init__(
        self, surface: Surface, seeds: Seeds, callers: Sequence[str], declared: Mapping[str, Declared]
    ) -> None:
        self._seeds = seeds
        self._declared = declared
        self._tables = [table for table in surface.tables if table.full_name not in seeds.failed]
        self._callers = ", ".join(map(quote_identifier, callers))
        owned = [(table, seeds.owner(table)) for table in self._tables]
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
        for session in sessions():
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

    def routine(self, routine: Routine, used: Arguments = ()) -> Iterator[Attack]:
        """Calling it with the owner's id and whatever the owner's rows are found by, an argument at a time.

        ``used``: arguments with which a declared function does what it is for.
        """
        secrets = set(self._keys(closed=True)) if routine.declared else set[str]()
        known = [f"'{ALICE}'::text", *(value for value in self._keys() if value not in secrets)]
        bases = (_plain(routine), used or _plain(routine))
        calls = dict.fromkeys(call for base in bases for call in _varied(base, known, routine))
        tried = [each for each in calls if not secrets.intersection(each)][:_CALLS_TRIED]
        opening = f"{self._opened}; {self._granted}"
        for session in sessions():
            for values in tried:
                sql = _call(routine, values)
                yield self._attack(routine.full_name, "SELECT", session, sql, opening, self._without)

    def shown(self, routine: Routine, used: Arguments) -> Iterator[Attack]:
        """The calls with which a declared function shows what it was made to show."""
        opening = f"{self._opened}; {self._granted}"
        for session in sessions():
            yield self._attack(routine.full_name, "SELECT", session, _call(routine, used), opening, self._without)

    def uses(self, routine: Routine) -> Iterator[Arguments]:
        """Arguments with which a declared function may do what it is for."""
        return islice(_varied(_plain(routine), [NULL, *self._keys(closed=True)], routine), _CALLS_TRIED)

    def use(self, routine: Routine, to: str, session: Session, arguments: Arguments) -> Attack:
        """Calling a function that is declared for ``to``."""
        mine = session.role == to
        unknown = mine and to == Role.AUTHENTICATED.value and session.user is None
        sql = _call(routine, arguments)
        return self._as_declared(routine, session, "call", sql, expected=None if unknown else mine)

    def privilege(self, routine: Routine, to: str, session: Session) -> Attack:
        """Asking whether one may call it at all: a function that turns a caller away was executed by her."""
        sql = f"SELECT WHERE pg_catalog.has_function_privilege({quote_literal(routine.declared or routine.signature)}, 'EXECUTE')"
        return self._as_declared(routine, session, "be granted", sql, expected=session.role == to)

    def _as_declared(self, routine: Routine, session: Session, what: str, sql: str, *, expected: bool | None) -> Attack:
        opening = (
            f"GRANT EXECUTE ON FUNCTION {routine.signature} TO {self._callers}; "
            f"GRANT USAGE ON SCHEMA {quote_identifier(routine.schema)} TO {self._callers}; {_SIGNED_IN.statement}"
        )
        return Attack(
            place=f"{routine.full_name}: as declared",
            command="SELECT",
            form="bare",
            session=session,
            what=what,
            sql=sql,
            judge="success",
            opening=opening,
            expected=expected,
        )

    def _keys(self, *, closed: bool = False) -> Iterator[str]:
        """What the owner's rows are found by; ``closed``: of that, what nobody reads."""
        for table in self._tables:
            row = self._seeds.rows[table.full_name, NOBODY]
            declared = self._declared.get(table.full_name)
            hidden = declared.closed(Command.SELECT) if declared else ()
            names = {name for key in table.keys for name in key.columns if not closed or name in hidden}
            yield from (row[name] for name in sorted(names) if row[name] != NULL)

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


_SIGNED_IN: Final = Session(Caller.OTHER, "", None, None, SESSIONS[1].settings[1:])


def sessions() -> tuple[Session, ...]:
    """Those who call and read: everybody but the tables' owner."""
    return tuple(session for session in SESSIONS if not session.as_owner)


def _call(routine: Routine, arguments: Arguments) -> str:
    verb = "CALL" if routine.procedure else "SELECT * FROM"
    return f"{verb} {routine.sql}({', '.join(arguments)})"


def _plain(routine: Routine) -> Arguments:
    """A likely value for each argument, unlike those of the others."""
    return tuple(
        next((f"({value})::{each.type}" for value in candidates(each, (), NOBODY, place)), NULL)
        for place, each in enumerate(routine.arguments, start=_NUMBER)
    )


def _varied(arguments: Arguments, values: Iterable[str], routine: Routine) -> Iterator[Arguments]:
    """The arguments, and each exchanged for each of the ``values`` that fit it."""
    values = list(values)
    yield arguments
    for place, _ in enumerate(arguments):
        for value in values:
            fitting = _fitting(routine.arguments[place], value)
            if fitting is not None:
                yield (*arguments[:place], fitting, *arguments[place + 1 :])


def _fitting(argument: Column, value: str) -> str | None:
    """``value`` for the argument, if it is one of its kind."""
    literal, _, type_ = value.rpartition("::")
    texts = argument.category == "S" and type_ in _TEXTS
    ids = argument.base == "uuid" and literal == f"'{ALICE}'"
    return value if value == NULL or type_ == argument.type else f"{literal}::{argument.type}" if texts or ids else None


def _everything(conditions: Sequence[tuple[Relation, str]]) -> str:
    parts = [f"SELECT t::text AS row FROM {table.sql} t WHERE {condition}" for table, condition in conditions]
    rows = " UNION ALL ".join(parts) or "SELECT NULL::text AS row"
    return f"SELECT pg_catalog.md5(coalesce(pg_catalog.string_agg(row, ',' ORDER BY row), '')) FROM ({rows}) AS rows"
