"""The attacks on one table: four commands, bare, with WHERE and with RETURNING, and what goes round the policies.

Besides reaching the owner's rows: planting and giving away rows, referring to another's row, learning from a key that
one exists, and naming columns that are closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

from freehold.identity import Role
from freehold.policies import Command, quote_identifier
from freehold.proof.attack import Attack, Form
from freehold.proof.caller import SESSIONS, Caller, Session
from freehold.proof.change import CHANGED, OWNER_SESSION, VALUES_TRIED, Changes
from freehold.proof.declared import Asked, Declared
from freehold.proof.guard import opened
from freehold.proof.relation import Check, Reference, Relation, Surface
from freehold.proof.seed import NOBODY, Row, Seeds
from freehold.proof.text import condition, digest, names_of, unguarded
from freehold.proof.value import NULL, candidates
from freehold.wire import Connection


class TableAttacks:
    """Makes the attacks on ``relation``; ``admin`` evaluates what is declared."""

    def __init__(
        self,
        relation: Relation,
        seeds: Seeds,
        surface: Surface,
        declared: Declared | None,
        admin: Connection,
        callers: Sequence[str],
    ) -> None:
        self._relation = relation
        self._seeds = seeds
        self._surface = surface
        self._declared = declared
        self._admin = admin
        self._callers = callers
        self._owner = seeds.owner(relation)
        self._row = seeds.rows[relation.full_name, NOBODY]
        self._mine = condition({self._owner: self._row[self._owner]}) if self._owner else "true"
        self._look = digest(relation.sql, self._mine)
        self._opening = opened(relation, callers)
        self._rows_of_bob = self._count(seeds.rows.get((relation.full_name, "bob")))
        self._changes = Changes(relation, declared, admin, self._owner, self._row)
        self._assignment = self._changes.assignment()
        self._new = self._find_insertion()

    def all(self, sessions: Iterable[Session] = SESSIONS) -> Iterator[Attack]:
        """Every attack on the table."""
        for session in sessions:
            yield from self._select(session)
            yield from self._insert(session)
            yield from self._update(session)
            yield from self._delete(session)
            yield from self._closed(session)

    # The four commands ------------------------------------------------------------------------------------------------

    def _select(self, session: Session) -> Iterator[Attack]:
        key = self._relation.key
        shown = self._shown(session)
        listed = names_of(shown) if session.caller is Caller.OWNER else ""
        own = self._own(session)
        sql = f"SELECT {listed} FROM {self._relation.sql}"
        reads = shown if listed else key[:1]
        yield self._attack(session, Command.SELECT, "bare", "read", sql, own=own, asked=self._asks(reads))
        where = f"{sql} WHERE {self._victim}"
        yield self._attack(session, Command.SELECT, "where", "read by key", where, asked=self._asks((*reads, *key)))

    def _insert(self, session: Session) -> Iterator[Attack]:
        row = self._insertable(session, self._new)
        for form, sql, reads in (
            ("bare", self._insertion(row), ()),
            ("where", self._insertion(row, selected=True), ()),
            ("returning", f"{self._insertion(row)} RETURNING {names_of(self._relation.key)}", self._relation.key),
        ):
            asked = self._asks_to_insert(row, reads)
            yield self._attack(
                session, Command.INSERT, cast(Form, form), "plant a row", sql, prepare=self._room, asked=asked
            )
        if session.caller in (Caller.OTHER, Caller.FORGED) and self._owner:
            yield from self._planted_references(session)
            yield from self._oracle(session)
        if session.caller is Caller.OWNER and self._declared and self._declared.names(session.role, Command.INSERT):
            yield from self._repeat(session, row)

    def _update(self, session: Session) -> Iterator[Attack]:
        values = self._assigned(session)
        if not values:
            return
        assignments = ", ".join(f"{quote_identifier(name)} = {value}" for name, value in values.items())
        yield from self._changing(
            session, Command.UPDATE, f"UPDATE {self._relation.sql} SET {assignments}", tuple(values)
        )
        if self._owner and session.caller in (Caller.OWNER, Caller.OTHER, Caller.FORGED):
            yield from self._given_away(session)
            yield from self._moved_references(session)

    def _delete(self, session: Session) -> Iterator[Attack]:
        children = [
            f"DELETE FROM {child.sql}"
            for child in self._surface.tables
            if child != self._relation and any(each.target == self._relation.full_name for each in child.references)
        ]
        sql = f"DELETE FROM {self._relation.sql}"
        yield from self._changing(session, Command.DELETE, sql, (), prepare="; ".join(children))

    def _changing(
        self, session: Session, command: Command, sql: str, writes: Sequence[str], prepare: str = ""
    ) -> Iterator[Attack]:
        key = self._relation.key
        change = f"{sql} WHERE {self._victim}" if command is Command.UPDATE else None
        for form, statement, reads in (
            ("bare", sql, ()),
            ("where", f"{sql} WHERE {self._victim}", key),
            ("returning", f"{sql} RETURNING {names_of(key)}", key),
        ):
            asked = Asked(command, reads, writes, self._victim, change)
            yield self._attack(
                session,
                command,
                cast(Form, form),
                command.value.lower(),
                statement,
                own=self._own(session) if form == "returning" else 0,
                prepare=prepare,
                asked=asked,
            )

    # What goes round the policies -------------------------------------------------------------------------------------

    def _planted_references(self, session: Session) -> Iterator[Attack]:
        """A row of one's own that refers to the owner's row of another table."""
        row = self._insertable(session, self._seeds.new[self._relation.full_name, "bob"])
        for reference, stolen in self._references():
            sql = self._insertion({**row, **stolen})
            yield self._other(session, Command.INSERT, f"refer by {reference.name}", sql, self._unbound(reference))

    def _moved_references(self, session: Session) -> Iterator[Attack]:
        """The same by UPDATE, where the columns may be changed."""
        if session.caller is Caller.OWNER:
            return
        for reference, stolen in self._references():
            assignments = ", ".join(f"{quote_identifier(name)} = {value}" for name, value in stolen.items())
            sql = f"UPDATE {self._relation.sql} SET {assignments}"
            openings = self._unbound(reference)
            yield self._other(session, Command.UPDATE, f"refer by {reference.name}", sql, openings, room=False)

    def _references(self) -> Iterator[tuple[Reference, Row]]:
        """The foreign keys that are declared and those that are there, with the owner's row as what they refer to."""
        declared = self._declared.references() if self._declared else ()
        live = {(each.columns, each.target): each for each in self._relation.references}
        for reference in {**{(each.columns, each.target): each for each in declared}, **live}.values():
            parent = self._surface.by_name.get(reference.target)
            row = self._seeds.rows.get((reference.target, NOBODY))
            if parent is None or row is None or self._seeds.owner(parent) is None:
                continue
            pairs = zip(reference.columns, reference.targets, strict=True)
            stolen = {mine: row[theirs] for mine, theirs in pairs if mine != self._owner}
            if stolen:
                yield reference, stolen

    def _unbound(self, reference: Reference) -> str:
        return f"ALTER TABLE {self._relation.sql} DROP CONSTRAINT IF EXISTS {quote_identifier(reference.name)}"

    def _oracle(self, session: Session) -> Iterator[Attack]:
        """A row of one's own with the owner's keys: an error would say that they exist."""
        row = self._insertable(session, self._seeds.new[self._relation.full_name, "bob"])
        referring = {name for reference in self._relation.references for name in reference.columns}
        keys = self._declared.unique_keys() if self._declared else tuple(key.columns for key in self._relation.keys)
        named = [
            tuple(name for name in key if name != self._owner)
            for key in keys
            if not referring.intersection(key) - {self._owner}
        ]
        taken = {name: self._row[name] for key in named for name in key if name in row and self._row[name] != NULL}
        if not taken:
            return
        whole = [key for key in named if key and all(name in taken for name in key)]
        indexes = [f"CREATE UNIQUE INDEX ON {self._relation.sql} ({names_of(key)})" for key in whole]
        if not indexes:
            return
        declared = self._declared is not None and any(
            self._owner not in key and all(name in taken for name in key) for key in self._declared.unique_keys()
        )
        attack = self._other(
            session, Command.INSERT, "learn from a key", self._insertion({**row, **taken}), indexes[0], judge="oracle"
        )
        allowed = declared and self._declared is not None and self._declared.names(session.role, Command.INSERT)
        yield replace(attack, expected=allowed)

    def _repeat(self, session: Session, row: Row) -> Iterator[Attack]:
        """The owner's own key a second time."""
        key = next((each for each in self._relation.keys if each.primary), None)
        declared = self._declared
        names = [column.name for column in declared.table.primary_key.columns] if declared else ()
        if not all(name in row for name in names):
            return
        sql = self._insertion({**row, **{name: self._row[name] for name in names}})
        opening = (
            f"ALTER TABLE {self._relation.sql} DROP CONSTRAINT {quote_identifier(key.name)} CASCADE" if key else ""
        )
        yield replace(
            self._other(session, Command.INSERT, "repeat a key", sql, opening, room=False),
            prepare=self._others_unique(),
        )

    def _others_unique(self) -> str:
        """Drops the unique constraints besides the primary key, within the attack, so that only the key is asked."""
        names = [each.name for each in self._relation.keys if not each.primary]
        return "; ".join(
            f"ALTER TABLE {self._relation.sql} DROP CONSTRAINT IF EXISTS {quote_identifier(name)} CASCADE"
            for name in names
        )

    def _given_away(self, session: Session) -> Iterator[Attack]:
        """The owner's row to somebody else; one's own row to the owner."""
        owner = self._owner or ""
        to = "bob" if session.caller is Caller.OWNER else "alice"
        other = self._seeds.rows[self._relation.full_name, to][owner]
        sql = f"UPDATE {self._relation.sql} SET {quote_identifier(owner)} = {other}"
        target = condition({owner: other})
        room = f"DELETE FROM {self._relation.sql} WHERE {target}"
        attack = self._attack(session, Command.UPDATE, "bare", "give a row away", sql, prepare=room)
        yield replace(
            attack, look=digest(self._relation.sql, target), opening=f"{attack.opening}{self._unreferenced()}"
        )

    def _unreferenced(self) -> str:
        """Drops every foreign key that would stop a change of the row, so that the control asks about nothing else."""
        name = self._relation.full_name
        bound = [
            (table, reference)
            for table in self._surface.tables
            for reference in table.references
            if name in (table.full_name, reference.target)
        ]
        return "".join(
            f"; ALTER TABLE {table.sql} DROP CONSTRAINT {quote_identifier(reference.name)}"
            for table, reference in bound
        )

    def _closed(self, session: Session) -> Iterator[Attack]:
        """Each column that is closed to callers, on its own."""
        if self._declared is None or session.caller not in (Caller.OWNER, Caller.ANON):
            return
        for command in (Command.SELECT, Command.INSERT, Command.UPDATE):
            for name in self._declared.closed(command):
                yield self._at_closed(session, command, name)

    def _at_closed(self, session: Session, command: Command, name: str) -> Attack:
        quoted, value = quote_identifier(name), self._row.get(name, NULL)
        prepare = ""
        if command is Command.SELECT:
            sql = f"SELECT {quoted} FROM {self._relation.sql}"
        elif command is Command.UPDATE:
            sql = f"UPDATE {self._relation.sql} SET {quoted} = {value}"
            prepare = f"DELETE FROM {self._relation.sql} WHERE NOT ({self._victim})"
        else:
            prepare = self._room
            row = self._insertable(session, self._new)
            sql = self._insertion({**row, name: value})
        attack = self._attack(session, command, "bare", f"{command.value.lower()} {name}", sql, prepare=prepare)
        opening = f"{attack.opening}{self._unreferenced() if command is not Command.SELECT else ''}"
        return replace(attack, place=f"{self._relation.full_name}: closed columns", judge="named", opening=opening)

    # Pieces -----------------------------------------------------------------------------------------------------------

    def _attack(
        self,
        session: Session,
        command: Command,
        form: Form,
        what: str,
        sql: str,
        *,
        own: int = 0,
        prepare: str = "",
        asked: Asked | None = None,
    ) -> Attack:
        expected = self._expects(session, asked) if asked is not None else False
        through = session.as_owner and expected
        return Attack(
            place=f"{self._relation.full_name}: declared functions" if through else self._relation.full_name,
            command=command.value,
            form=form,
            session=session,
            what=what,
            sql=sql,
            prepare=prepare,
            look="" if command is Command.SELECT else self._look,
            opening=self._opening,
            own=own,
            expected=expected,
        )

    def _expects(self, session: Session, asked: Asked) -> bool | None:
        if self._declared is not None:
            return self._declared.allows(self._admin, session, asked)
        return None if session.caller is Caller.OWNER and self._owner else False

    def _other(
        self,
        session: Session,
        command: Command,
        what: str,
        sql: str,
        opening: str,
        *,
        room: bool = True,
        judge: Any = "success",
    ) -> Attack:
        """An attack through a row of the caller's own."""
        mine = (
            condition({self._owner: self._seeds.rows[self._relation.full_name, "bob"][self._owner]})
            if self._owner
            else ""
        )
        prepare = f"DELETE FROM {self._relation.sql} WHERE {mine}" if room else ""
        attack = self._attack(session, command, "bare", what, sql, prepare=prepare)
        return replace(attack, judge=judge, look="", opening=f"{attack.opening}; {opening}".rstrip("; "))

    @property
    def _victim(self) -> str:
        return self._changes.victim

    @property
    def _room(self) -> str:
        return f"DELETE FROM {self._relation.sql} WHERE {self._mine}"

    def _asks_to_insert(self, row: Row, reads: Sequence[str] = ()) -> Asked:
        change = self._insertion(row)
        return Asked(Command.INSERT, reads, tuple(row), change=change, prepare=unguarded(self._room))

    def _asks(self, reads: Sequence[str]) -> Asked:
        return Asked(Command.SELECT, tuple(reads), tuple(reads), self._victim)

    def _own(self, session: Session) -> int:
        if session.caller is Caller.OWNER or not self._owner:
            return 0
        return self._rows_of_bob if session.user is not None else 0

    def _count(self, row: Row | None) -> int:
        if row is None or self._owner is None:
            return 0
        query = f"SELECT count(*) FROM {self._relation.sql} WHERE {condition({self._owner: row[self._owner]})}"
        found = self._admin.execute(query.encode()).fetchone() or (0,)
        return int(str(found[0]))

    def _shown(self, session: Session) -> tuple[str, ...]:
        if self._declared is not None:
            return self._declared.columns(Command.SELECT) or self._relation.key
        return self._relation.open_to(session.role or "", Command.SELECT.value) or tuple(self._relation.column)

    def _insertable(self, session: Session, row: Row) -> Row:
        """The part of ``row`` that the caller may name: for the owner as declared, for attackers as it is open."""
        live = self._relation.open_to(session.role or "", Command.INSERT.value)
        declared = self._declared.columns(Command.INSERT) if self._declared else ()
        usable = self._declared is not None and self._declared.names(session.role, Command.INSERT)
        names = declared if session.caller is Caller.OWNER and usable else live or tuple(row)
        return {name: value for name, value in row.items() if name in names} or row

    def _insertion(self, row: Row, *, selected: bool = False) -> str:
        values = ", ".join(row.values())
        body = f"SELECT {values} WHERE true" if selected else f"VALUES ({values})"
        return f"INSERT INTO {self._relation.sql} ({names_of(row)}) {body}"

    def _assigned(self, session: Session) -> Row:
        if session.caller is Caller.OWNER and self._declared and self._declared.names(session.role, Command.UPDATE):
            return self._assignment
        live = [
            name for name in self._relation.open_to(session.role or "", Command.UPDATE.value) if name != self._owner
        ]
        if self._assignment and (not live or set(self._assignment) & set(live)):
            first = next(name for name in self._assignment if not live or name in live)
            return {first: self._assignment[first]}
        return self._changes.unlike(live)

    def _accepted(self, name: str) -> list[str]:
        """Values that the policies seem to ask for."""
        policies = [Check(each.name, (name,), each.text) for each in self._relation.policies]
        found = candidates(self._relation.column[name], (*self._relation.checks, *policies), NOBODY, CHANGED)
        return list(found)[:VALUES_TRIED]

    def _find_insertion(self) -> Row:
        """A further row of the owner's that the check accepts, if there is one."""
        new = self._seeds.new[self._relation.full_name, NOBODY]
        declared = self._declared
        if declared is None or not declared.names(Role.AUTHENTICATED.value, Command.INSERT):
            return new
        named = {name: value for name, value in new.items() if name in declared.columns(Command.INSERT)}
        bound = {self._owner} | {name for each in self._relation.references for name in each.columns}
        changes = ({name: value} for name in named if name not in bound for value in self._accepted(name))
        for change in ({}, *changes):
            asked = self._asks_to_insert({**named, **change})
            if declared.allows(self._admin, OWNER_SESSION, asked):
                return {**new, **change}
        return new
