"""Several users at once, by Hypothesis: rows come, change and go, and nobody ever meets a row of somebody else.

The model is a set of keys for each user and table. What a user sees must be that set, whatever all of them did before,
in whichever order Hypothesis finds. The statements are raw SQL of the application's login: the policies alone hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from itertools import count
from typing import Any, TypeAlias

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sqlalchemy import Table

from freehold.errors import ConstraintError, DatabaseError, PermissionDeniedError
from freehold.identity import Identity, Role
from freehold.policies import Command, quote_identifier, quote_literal
from freehold.proof.caller import USERS
from freehold.proof.declared import Declared
from freehold.proof.relation import Relation, Surface, surface
from freehold.proof.seed import Seeds, make_row, seed
from freehold.testing.workshop import Workshop
from freehold.wire import Connection, connect, translated

Key: TypeAlias = tuple[str, ...]
State: TypeAlias = dict[tuple[str, str], set[Key]]


class World:
    """A clone of one's own with rows of every user, and what each user may see of it."""

    def __init__(self, workshop: Workshop, tables: Sequence[Table]) -> None:
        self._stack = ExitStack()
        endpoints = self._stack.enter_context(workshop.clone())
        name = endpoints.login.partition("?")[0].rpartition("/")[2]
        self.admin: Connection = self._stack.enter_context(connect(workshop.admin_dsn(name)))
        self.login: Connection = self._stack.enter_context(connect(endpoints.login))
        self.declared: Mapping[str, Declared] = {f"{t.schema or 'public'}.{t.name}": Declared(t) for t in tables}
        every = {f"{t.schema or 'public'}.{t.name}": Declared(t) for t in workshop.setup.tables}
        self.owners = {name: each.owner for name, each in every.items()}
        callers = (Role.ANON.value, Role.AUTHENTICATED.value, self.login.info.user)
        self.surface: Surface = surface(self.admin, callers)
        self.seeds: Seeds = Seeds({})
        self.numbers = count(10)

    def close(self) -> None:
        """Drops the clone."""
        self._stack.close()

    def reset(self) -> State:
        """Every user's first rows, and nothing else; the sets of their keys."""
        listed = ", ".join(table.sql for table in self.surface.tables)
        with translated():
            self.admin.execute(f"TRUNCATE {listed} CASCADE".encode())
        self.seeds = seed(self.admin, self.surface, self.owners, with_new=False)
        return {(name, user): self.truth(name, user) for name in self.declared for user in USERS}

    def relation(self, name: str) -> Relation:
        """A table by its name."""
        return self.surface.by_name[name]

    def truth(self, name: str, user: str) -> set[Key]:
        """The keys of a user's rows, as a superuser reads them."""
        relation = self.relation(name)
        owner = quote_identifier(str(self.owners[name]))
        sql = f"SELECT {_keys(relation)} FROM {relation.sql} WHERE {owner} = {quote_literal(USERS[user])}"
        with translated():
            return _found(self.admin.execute(sql.encode()).fetchall())

    def run(self, identity: Identity, sql: str) -> set[Key]:
        """A statement as ``identity``, committed; the keys it gave."""
        calls = (f"set_config('{name}', {quote_literal(value)}, true)" for name, value in identity.settings)
        with translated():
            self.login.execute(f"BEGIN; SELECT {', '.join(calls)}".encode())
            try:
                found = _found(self.login.execute(sql.encode()).fetchall())
            except BaseException:
                self.login.execute(b"ROLLBACK")
                raise
            self.login.execute(b"COMMIT")
        return found

    def insertion(self, name: str, user: str) -> str:
        """INSERT of a further row of ``user``, of the columns that callers may name."""
        relation = self.relation(name)
        row = make_row(self.admin, self.surface, self.seeds, relation, user, next(self.numbers))
        named = self.declared[name].columns(Command.INSERT)
        row = {column: value for column, value in row.items() if column in named}
        columns = ", ".join(map(quote_identifier, row))
        return f"INSERT INTO {relation.sql} ({columns}) VALUES ({', '.join(row.values())}) RETURNING {_keys(relation)}"


def isolation_machine(world: World) -> type[RuleBasedStateMachine]:
    """A Hypothesis state machine that plays the users of ``world``; run it with `run_state_machine_as_test`."""
    tables = st.sampled_from(sorted(world.declared))
    users = st.sampled_from(sorted(USERS))

    class IsolationMachine(RuleBasedStateMachine):
        """What each user sees is what the model says, after every step."""

        def __init__(self) -> None:
            super().__init__()
            self.state = world.reset()

        @rule(table=tables, user=users, owner=users)
        def insert(self, table: str, user: str, owner: str) -> None:
            """A row of ``owner``, sent by ``user``: accepted only where both are one."""
            try:
                sql = world.insertion(table, owner)
            except ConstraintError:
                return  # there can be no further row of this user
            made = self._attempt(table, user, Command.INSERT, sql)
            assert not made or user == owner, f"{user} planted a row on {owner} in {table}"
            self.state[table, user] |= made

        @rule(table=tables, user=users, data=st.data())
        def change(self, table: str, user: str, data: Any) -> None:
            """UPDATE of everything that can be seen, or of one row of anybody."""
            relation = world.relation(table)
            names = world.declared[table].columns(Command.UPDATE) or relation.key
            name = quote_identifier(data.draw(st.sampled_from(sorted(names))))
            where = self._aim(table, data)
            sql = f"UPDATE {relation.sql} SET {name} = {name}{where} RETURNING {_keys(relation)}"
            changed = self._attempt(table, user, Command.UPDATE, sql)
            assert changed <= self.state[table, user], f"{user} changed rows of somebody else in {table}"

        @rule(table=tables, user=users, data=st.data())
        def remove(self, table: str, user: str, data: Any) -> None:
            """DELETE, likewise; what goes with the rows goes with rows of the same user only."""
            relation = world.relation(table)
            sql = f"DELETE FROM {relation.sql}{self._aim(table, data)} RETURNING {_keys(relation)}"
            removed = self._attempt(table, user, Command.DELETE, sql)
            assert removed <= self.state[table, user], f"{user} removed rows of somebody else in {table}"
            for each in world.declared:
                self.state[each, user] &= world.truth(each, user)

        @invariant()
        def everybody_sees_their_own(self) -> None:
            """Reading gives a user the model's set, and a superuser finds the same: nothing was lost or planted."""
            for (table, user), keys in self.state.items():
                relation = world.relation(table)
                sql = f"SELECT {_keys(relation)} FROM {relation.sql}"
                if world.declared[table].names(Role.AUTHENTICATED.value, Command.SELECT):
                    seen = world.run(Identity.user(USERS[user]), sql)
                    assert seen <= keys, f"{user} sees rows of somebody else in {table}"
                assert world.truth(table, user) == keys, (
                    f"the rows of {user} in {table} are not what {user} made of them"
                )

        def _aim(self, table: str, data: Any) -> str:
            keys = sorted(key for user in USERS for key in self.state[table, user])
            key = data.draw(st.sampled_from([None, *keys]))
            if key is None:
                return ""
            pairs = zip(world.relation(table).key, key, strict=True)
            return " WHERE " + " AND ".join(f"{quote_identifier(n)}::text = {quote_literal(v)}" for n, v in pairs)

        def _attempt(self, table: str, user: str, command: Command, sql: str) -> set[Key]:
            try:
                return world.run(Identity.user(USERS[user]), sql)
            except (PermissionDeniedError, ConstraintError):
                return set()
            except DatabaseError as error:
                raise AssertionError(f"{command} on {table} failed with {error.sqlstate}") from error

    return IsolationMachine


def _keys(relation: Relation) -> str:
    return ", ".join(f"{quote_identifier(name)}::text" for name in relation.key)


def _found(rows: Sequence[tuple[object, ...]]) -> set[Key]:
    return {tuple(map(str, row)) for row in rows}
