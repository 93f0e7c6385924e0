"""Who an account at a provider is here: users and the further accounts linked to them, each step one transaction.

It works on models of the shape that the platform has (``users``: ``id``, ``provider``, ``external_id``; ``accounts``:
``user_id``, ``provider``, ``external_user_id``), through a service scope: no caller may write what a provider vouched for.
Whatever concerns one account waits for a lock on it, so that no two sign-ins make two users of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from sqlalchemy import Column, Table, delete, insert, literal, null, select
from sqlalchemy.dialects.postgresql import insert as upsert

from freehold.auth.provider import ExternalAccount
from freehold.errors import AccountTakenError, Code
from freehold.models import Model, owner_column, places_of, table_of, text_id
from freehold.scope import Assignment, Database, ServiceScope, set_

Values = Callable[[ExternalAccount, str], Mapping[str, Any]]
"""The columns of a row that come from an account at a provider; the second argument is the user's id."""

_LOCK: Final = "select pg_advisory_xact_lock(hashtextextended($1, 0))"


@dataclass(frozen=True, kw_only=True)
class Directory:
    """The users and linked accounts of an application.

    ``of_user``, ``of_account``: columns to write at every sign-in, tokens included, beyond those named above. ``moves``: the
    models whose rows follow when two users become one. ``yields``: those of them of which a row is left behind where the
    other user has one of the same key, such as a key for the same provider. ``new_id``: for a new user.
    """

    db: Database
    user: type[Model]
    account: type[Model]
    of_user: Values
    of_account: Values
    moves: Sequence[type[Model]] = ()
    yields: Sequence[type[Model]] = ()
    new_id: Callable[[], str] = field(default=text_id)

    async def signed_in(self, account: ExternalAccount) -> str:
        """The id of the user whose ``account`` it is, linked or own; a new user's if it is nobody's yet."""
        async with self._service("sign in").transaction() as scope:
            await _lock(scope, account)
            found = await self._holder(scope, account)
            if found is None or not found.linked:
                return await self._write_user(scope, account, found.user_id if found else self.new_id())
            await self._write_account(scope, account, found.user_id)
            return found.user_id

    async def link(self, account: ExternalAccount, user_id: str, *, merge: bool = False) -> None:
        """Links ``account`` to a user, who is signed in and has just proved to hold it too.

        ``merge``: if the account is another user's, that user becomes this one: rows of ``moves`` follow, the rest and the user
        are gone. Raises `AccountTakenError` (FH709) without it, and whatever the database refuses, such as two
        rows that cannot both be one user's; then nothing has happened.
        """
        async with self._service("link an account").transaction() as scope:
            await _lock(scope, account)
            found = await self._holder(scope, account)
            if found is not None and found.user_id == user_id and not found.linked:
                await self._write_user(scope, account, user_id)
                return
            if found is not None and found.user_id != user_id:
                if not merge:
                    raise _taken(account.provider)
                await self._merge(scope, found.user_id, user_id)
            await self._write_account(scope, account, user_id)

    def _service(self, reason: str) -> ServiceScope:
        return self.db.as_service(reason=reason, all_users=True)

    async def _holder(self, scope: ServiceScope, account: ExternalAccount) -> _Holder | None:
        people, accounts = table_of(self.user).c, table_of(self.account).c
        own = select(people.id).where(people.provider == account.provider, people.external_id == account.external_id)
        linked = select(accounts.user_id).where(
            accounts.provider == account.provider, accounts.external_user_id == account.external_id
        )
        owners, links = await scope.batch(own, linked)
        if links:
            return _Holder(links[0], linked=True)
        return _Holder(owners[0], linked=False) if owners else None

    async def _write_user(self, scope: ServiceScope, account: ExternalAccount, user_id: str) -> str:
        key = {"provider": account.provider, "external_id": account.external_id}
        values = dict(self.of_user(account, user_id))
        id_ = table_of(self.user).c.id
        if not await scope.update(self.user, id_ == user_id, *_assigned(self.user, values or key)):
            await scope.all(insert(self.user).values(id=user_id, **key, **values).returning(id_))
        return user_id

    async def _write_account(self, scope: ServiceScope, account: ExternalAccount, user_id: str) -> None:
        columns = table_of(self.account).c
        values = {"external_user_id": account.external_id, **self.of_account(account, user_id)}
        mine = (columns.user_id == user_id, columns.provider == account.provider)
        if not await scope.update(self.account, *mine, *_assigned(self.account, values)):
            row = {"id": text_id(), "user_id": user_id, "provider": account.provider, **values}
            await scope.all(insert(self.account).values(row).returning(columns.id))

    async def _merge(self, scope: ServiceScope, source: str, target: str) -> None:
        """Copies, then deletes: a key holds its owner, and what refers to it must find it at every moment.

        The lock on the user keeps new rows of theirs from being inserted meanwhile, and so from being lost.
        """
        people = table_of(self.user)
        await scope.all(select(people.c.id).where(people.c.id == source).with_for_update())
        movers = {table_of(each): each for each in self.moves}
        for table in self.user.metadata.sorted_tables:
            model = movers.get(table)
            if model is not None:
                await self._move(scope, model, source, target)
        await scope.all(delete(people).where(people.c.id == source).returning(people.c.id))

    async def _move(self, scope: ServiceScope, model: type[Model], source: str, target: str) -> None:
        """Rows with sealed values go through here one by one: each is opened as one user's and sealed as the other's."""
        table, yields = table_of(model), model in self.yields
        if not places_of(table):
            await scope.all(_copied(table, source, target, yields=yields))
            return
        owner = cast(Column[Any], owner_column(table))
        for row in await scope.all(select(model).where(owner == source)):
            values = {column.key: _held(row, column) for column in table.columns if column.computed is None}
            copied = upsert(model).values({**values, owner.key: target})
            await scope.all((copied.on_conflict_do_nothing() if yields else copied).returning(owner))


@dataclass(frozen=True)
class _Holder:
    user_id: str
    linked: bool


async def _lock(scope: ServiceScope, account: ExternalAccount) -> None:
    await scope.raw(_LOCK, f"{account.provider} {account.external_id}")


def _assigned(model: type[Model], values: Mapping[str, Any]) -> list[Assignment]:
    return [set_(getattr(model, name), value) for name, value in values.items()]


def _held(row: Model, column: Column[Any]) -> Any:
    value = vars(row)[column.key]
    return null() if value is None else value


def _copied(table: Table, source: str, target: str, *, yields: bool) -> Any:
    owner = cast(Column[Any], owner_column(table))
    columns = [column for column in table.columns if column.computed is None]
    values = [literal(target, owner.type) if column is owner else column for column in columns]
    copied = upsert(table).from_select(
        [column.name for column in columns], select(*values).where(owner == source), include_defaults=False
    )
    return (copied.on_conflict_do_nothing() if yields else copied).returning(owner)


def _taken(provider: str) -> AccountTakenError:
    return AccountTakenError(
        Code.ACCOUNT_TAKEN,
        f"This {provider} account belongs to another user.",
        hint="Sign in with it and unlink it there, or ask for the two users to become one.",
    )
