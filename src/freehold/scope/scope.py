"""A scope: a caller and the verbs that run as that caller. It is a value; it holds no connection."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any, LiteralString, Self, TypeVar, TypeVarTuple, cast, overload
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Update
from sqlalchemy.sql.selectable import TypedReturnsRows

from freehold.encryption import Sealed
from freehold.errors import Code, ConstraintError, NotVisibleError, SerializationError, StatementError
from freehold.models import Model
from freehold.scope.bulk import CHUNK, Chunk, Single, chunks_of, inserted
from freehold.scope.caller import Caller
from freehold.scope.change import Assignment, alteration, insertion, lookup, removal
from freehold.scope.compiler import Reach
from freehold.scope.door import Door
from freehold.scope.executor import Executor, Isolation, SharedExecutor
from freehold.scope.page import Keyset, Page
from freehold.scope.placing import assigns_sealed, refuse_sealed_upsert
from freehold.scope.plan import Call, Planner, Prepared
from freehold.scope.query import BoundQuery
from freehold.scope.reading import ReadingExecutor
from freehold.scope.related import With
from freehold.scope.rewrite import (
    owner_after,
    owner_now,
    rewrites_sealed,
    rewriting,
    rows_to_rewrite,
    sealed_alteration,
)
from freehold.scope.sealing import attach, matching
from freehold.scope.upsert import Upsert, Upserted
from freehold.scope.vault import Vault
from freehold.typing import Attr

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

M = TypeVar("M", bound=Model)
R = TypeVar("R")
T = TypeVar("T")
T1 = TypeVar("T1")
T2 = TypeVar("T2")
T3 = TypeVar("T3")
T4 = TypeVar("T4")
T5 = TypeVar("T5")
Ts = TypeVarTuple("Ts")


class Scope:
    """The verbs that every caller has. Each is one transaction and one round trip.

    All of them raise `StatementError` for a statement a scope cannot run, and `DatabaseError` for what
    PostgreSQL refuses: see `freehold.errors`.
    """

    def __init__(self, caller: Caller, executor: Executor, planner: Planner, door: Door, vault: Vault) -> None:
        self._caller = caller
        self._executor = executor
        self._planner = planner
        self._door = door
        self._vault = vault

    @overload
    async def all(self, statement: TypedReturnsRows[T], /) -> list[T]: ...
    @overload
    async def all(self, statement: TypedReturnsRows[T1, T2, *Ts], /) -> list[tuple[T1, T2, *Ts]]: ...
    async def all(self, statement: Any, /) -> Any:
        """Every row: models for ``select(Task)``, values for one column, tuples for several."""
        return (await self._run(statement))[0]

    @overload
    async def first(self, statement: TypedReturnsRows[T], /) -> T | None: ...
    @overload
    async def first(self, statement: TypedReturnsRows[T1, T2, *Ts], /) -> tuple[T1, T2, *Ts] | None: ...
    async def first(self, statement: Any, /) -> Any:
        """The first row, or None."""
        if isinstance(statement, Select):
            statement = cast(Select[Any], statement).limit(1)
        return next(iter((await self._run(statement))[0]), None)

    @overload
    async def one(self, statement: TypedReturnsRows[T], /) -> T: ...
    @overload
    async def one(self, statement: TypedReturnsRows[T1, T2, *Ts], /) -> tuple[T1, T2, *Ts]: ...
    async def one(self, statement: Any, /) -> Any:
        """The only row; raises `NotVisibleError` (FH206) for none, `StatementError` (FH207) for several."""
        rows = (await self._run(statement))[0]
        if not rows:
            raise _not_visible()
        if len(rows) > 1:
            raise StatementError(
                Code.ROW_COUNT,
                "The statement gave several rows where one was asked for.",
                hint="Narrow its conditions, or use first() or all().",
            )
        return rows[0]

    async def get(self, model: type[M], key: object, /) -> M:
        """The caller's row with this id; raises `NotVisibleError` (FH206), whether or not another has it."""
        rows = (await self._run(lookup(model, key)))[0]
        if not rows:
            raise _not_visible()
        return cast(M, rows[0])

    async def insert(self, row: M, /) -> M:
        """Inserts ``row`` with its owner filled in, and gives it back as the database has it."""
        caller = self._caller
        await self._vault.seal_rows(self._committing, caller, [row])
        statement = insertion(row, caller.owner, confined=caller.reach is Reach.OWNER)
        return cast(M, (await self._run(statement))[0][0])

    async def insert_all(self, rows: Iterable[M], /, *, progress: Callable[[int], None] | None = None) -> list[M]:
        """Inserts all of ``rows`` or none, and gives them back in order, with what the database filled in.

        They travel as arrays, up to 5,000 in a statement, in one round trip; more take a transaction, and a round trip each.
        ``progress`` is told after each statement how many rows have been sent.
        """
        rows = list(rows)
        await self._vault.seal_rows(self._committing, self._caller, rows)
        chunks = chunks_of(rows, self._caller.owner, self._caller.reach)
        if len(rows) <= CHUNK:
            return [row for made in await self._insert(list(chunks), progress) for row in made]
        async with self.transaction() as tx, aclosing(inserted(chunks, tx._run)) as made:  # noqa: SLF001 - the same class
            done: list[Any] = []
            async for part in made:
                done += part
                if progress is not None:
                    progress(len(done))
            return done

    async def _insert(
        self, chunks: Sequence[Chunk | Single], progress: Callable[[int], None] | None
    ) -> list[list[Any]]:
        if not chunks:
            return []
        returned = await self._run(*(chunk.statement() for chunk in chunks))
        if progress is not None:
            progress(sum(map(len, chunks)))
        return [chunk.rows(rows) for chunk, rows in zip(chunks, returned, strict=True)]

    async def upsert(
        self, row: M, /, *, on: Sequence[Attr[Any]], changed: Sequence[Attr[Any]] | None = None
    ) -> Upserted[M]:
        """Inserts ``row``, or changes the row that is there already, and says which, or that there was nothing to change.

        ``on``: the columns of a unique key, the owner left out. ``changed``: what is changed of a row that is there; by
        default everything that ``row`` was given, its key excepted. A row that was soft-deleted comes back.
        """
        caller = self._caller
        await self._vault.seal_rows(self._committing, caller, [row])
        upsert: Upsert[M] = Upsert[M].of(row, on, changed, caller.owner, confined=caller.reach is Reach.OWNER)
        refuse_sealed_upsert(upsert.model, upsert.on, upsert.changed)
        before, change = upsert.statements()
        while True:
            found = upsert.outcome(*await self._run(before, change))
            if found is not None:
                return found

    async def update(self, model: type[M], /, *parts: ColumnElement[bool] | Assignment) -> list[M]:
        """Changes the rows that meet the conditions among ``parts`` by the assignments among them; gives them back."""
        written = sealed_alteration(model, parts)
        if written is None:
            return (await self._run(alteration(model, parts)))[0]
        if rewrites_sealed(written):
            return await self._rewrite(model, written)
        return (await self._run(written))[0]

    async def delete(self, model: type[M], /, *conditions: ColumnElement[bool], hard: bool = False) -> list[M]:
        """Deletes the rows that meet the conditions and gives them back.

        Where the model has a ``deleted_at`` column it is set, and the row stays; ``hard`` removes it.
        """
        return (await self._run(removal(model, conditions, hard=hard)))[0]

    @overload
    async def batch(self, s1: TypedReturnsRows[T1], /) -> tuple[list[T1]]: ...
    @overload
    async def batch(self, s1: TypedReturnsRows[T1], s2: TypedReturnsRows[T2], /) -> tuple[list[T1], list[T2]]: ...
    @overload
    async def batch(
        self, s1: TypedReturnsRows[T1], s2: TypedReturnsRows[T2], s3: TypedReturnsRows[T3], /
    ) -> tuple[list[T1], list[T2], list[T3]]: ...
    @overload
    async def batch(
        self,
        s1: TypedReturnsRows[T1],
        s2: TypedReturnsRows[T2],
        s3: TypedReturnsRows[T3],
        s4: TypedReturnsRows[T4],
        /,
    ) -> tuple[list[T1], list[T2], list[T3], list[T4]]: ...
    @overload
    async def batch(
        self,
        s1: TypedReturnsRows[T1],
        s2: TypedReturnsRows[T2],
        s3: TypedReturnsRows[T3],
        s4: TypedReturnsRows[T4],
        s5: TypedReturnsRows[T5],
        /,
    ) -> tuple[list[T1], list[T2], list[T3], list[T4], list[T5]]: ...
    @overload
    async def batch(
        self, s1: TypedReturnsRows[*tuple[Any, ...]], /, *more: TypedReturnsRows[*tuple[Any, ...]]
    ) -> tuple[list[Any], ...]: ...
    async def batch(self, *statements: Any) -> Any:
        """Several statements in one transaction and one round trip: the rows of each, as a tuple of lists.

        Up to five statements of one model or column each are typed; others give lists of ``Any``.
        """
        return tuple(await self._run(*statements))

    async def page(self, statement: Select[T], /, *, after: str | None = None, size: int = 50) -> Page[T]:
        """``size`` rows of ``select(Task).order_by(...)``, those behind the cursor ``after`` of the page before.

        The model's key is added to the order, so that no row is left out or comes twice. Raises `StatementError` (FH212)
        for an order by anything but columns of the model that are never NULL, and for a cursor of another statement.
        """
        keyset = Keyset.of(statement)
        rows = (await self._run(keyset.page(after, size)))[0]
        return Page(rows[:size], keyset.after(rows[size - 1]) if len(rows) > size else None)

    async def explain(self, statement: TypedReturnsRows[*tuple[Any, ...]], /, *, analyze: bool = False) -> str:
        """How PostgreSQL would run the statement as this caller, filter and policies included.

        ``analyze`` runs it, and rolls back what it did. The plan repeats values of the statement, so it is not for logs.
        """
        call = self._plan(statement)
        async with self._executor.transaction(undo=True) as executor:
            return await executor.explain(call, analyze=analyze)

    @overload
    def stream(self, statement: TypedReturnsRows[T], /, *, page: int = ...) -> AsyncGenerator[T]: ...
    @overload
    def stream(
        self, statement: TypedReturnsRows[T1, T2, *Ts], /, *, page: int = ...
    ) -> AsyncGenerator[tuple[T1, T2, *Ts]]: ...
    async def stream(self, statement: Any, /, *, page: int = 1000) -> AsyncGenerator[Any]:
        """The rows one by one, fetched ``page`` (> 0) at a time in a transaction, so that memory stays bounded."""
        async with self._executor.transaction() as executor:
            call, opening = self._plan(statement), None
            if call.plan.sealed:
                call, opening = await self._vault.paged(self._caller, executor, call)
            async for rows in executor.pages(call, page):
                if opening is not None:
                    await self._vault.complete(executor, self._caller, opening)
                for row in rows:
                    yield row

    async def raw(self, sql: LiteralString, /, *values: object) -> list[tuple[Any, ...]]:
        """One SQL statement as text with ``$1`` parameters, on a connection of its own; for what SQLAlchemy lacks.

        Nothing is added to it: the policies alone decide which rows it reaches.
        """
        return await self._executor.raw(sql, values)

    @asynccontextmanager
    async def transaction(self, *, isolation: Isolation | None = None) -> AsyncGenerator[Self]:
        """A scope whose verbs are one transaction: committed at the end of the block, rolled back by an exception.

        Inside a transaction it is a savepoint. ``isolation``: by default PostgreSQL's, read committed.
        """
        async with self._executor.transaction(isolation=isolation) as executor:
            yield type(self)(self._caller, executor, self._planner, self._door, self._vault)

    async def run(
        self, body: Callable[[Self], Awaitable[R]], /, *, retry: int = 3, isolation: Isolation | None = None
    ) -> R:
        """``body`` in a transaction, and again up to ``retry`` times while a concurrent one wins (40001, 40P01).

        So ``body`` must do nothing but talk to the database. Inside a transaction it runs once: only the whole of that can
        be repeated.
        """
        for attempt in range(retry if self._executor.repeatable else 0):
            try:
                async with self.transaction(isolation=isolation) as tx:
                    return await body(tx)
            except SerializationError:
                await asyncio.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311 - to step out of each other's way
        async with self.transaction(isolation=isolation) as tx:
            return await body(tx)

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[AsyncSession]:
        """A SQLAlchemy session that runs as the caller, filters included; commit it yourself.

        It has a connection and transactions of its own, also when it is opened inside `transaction`.
        """
        async with self._door.session(self._caller) as session:
            await attach(session, self._vault, self._committing, self._caller)
            yield session

    async def reveal(self, sealed: Sealed[T], /) -> T:
        """The value, in one round trip more where its owner's keys are not here yet; raises as `Sealed.reveal`."""
        return cast(T, await self._vault.reveal(self._executor, self._caller, sealed))

    async def matching(
        self, attribute: Attr[Sealed[T]] | Attr[Sealed[T] | None], value: T, /, *, owner: str | UUID | None = None
    ) -> ColumnElement[bool]:
        """The condition that a column declared ``sealed(index=True)`` holds ``value``, by its blind index.

        ``owner``: whose rows, where the scope is not for one user.
        """
        return await matching(self._vault, self._executor, self._caller, attribute, value, owner)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def _plan(self, statement: Any) -> Call:
        caller = self._caller
        if isinstance(statement, BoundQuery):
            return statement.planned(caller.filter, caller.owner)
        if isinstance(statement, Prepared):
            return self._planner.prepared(statement, caller.filter, caller.owner)
        return self._planner.call(statement, caller.filter, caller.owner)

    @property
    def _committing(self) -> Executor:
        """Runs what must be committed whatever becomes of the scope's own transaction."""
        return SharedExecutor(self._door, self._caller)

    async def _rewrite(self, model: type[M], statement: Update) -> list[M]:
        """An update whose rows' keys must be known first: they are locked, and each gets values of its own."""
        async with self.transaction() as transaction:
            found = await transaction.all(rows_to_rewrite(model, statement))
            changed: list[Any] = []
            for row in found:
                changed += await transaction._rewritten(model, statement, row)  # noqa: SLF001 - the same class
            return changed

    async def _rewritten(self, model: type[M], statement: Update, row: M) -> list[Any]:
        chain = await self._vault.chain()
        owners = {owner for owner in (owner_now(row), owner_after(statement, row)) if owner}
        await self._vault.ensure(self._committing, self._caller, owners)
        return (await self._plain_run(rewriting(model, statement, row, chain)))[0]

    async def _run(self, *statements: Any) -> list[list[Any]]:
        for statement in statements:
            if isinstance(statement, With):
                return await self._related(statements)
            if assigns_sealed(statement):
                statements = tuple(await self._vault.sealed(self._committing, self._caller, statements))
                break
        return await self._plain_run(*statements)

    async def _plain_run(self, *statements: Any) -> list[list[Any]]:
        calls = [self._plan(statement) for statement in statements]
        try:
            for call in calls:
                if call.plan.sealed:
                    return await self._vault.run(self._executor, self._caller, calls)
            return await self._executor.run(calls)
        except ConstraintError as error:
            if error.constraint and not error.columns:
                found = (call.plan.columns_of(error.constraint) for call in calls)
                error.columns = next(filter(None, found), ())
            raise

    async def _related(self, statements: Sequence[Any]) -> list[list[Any]]:
        """Statements of which some are several: each takes its own results, in order."""
        parts = [each.statements() if isinstance(each, With) else (each,) for each in statements]
        results = iter(await self._run(*(part for several in parts for part in several)))
        taken = [[next(results) for _ in several] for several in parts]
        return [
            each.rows(results) if isinstance(each, With) else results[0]
            for each, results in zip(statements, taken, strict=True)
        ]


class UserScope(Scope):
    """Runs as a signed-in user: sees and changes what the policies give that user."""

    def reading(self) -> UserScope:
        """The same caller, whose single reads may be answered by a replica, once it has seen this caller's own writes.

        Where it has not in time, or there is none, the primary answers; so it does everything else.
        """
        door = self._door
        if door.replica is None or door.marks is None:
            return self
        executor = ReadingExecutor(door.replica, door.marks, self._caller, self._executor)
        return UserScope(self._caller, executor, self._planner, door, self._vault)


class AnonymousScope(Scope):
    """Runs as somebody who is not signed in."""


class ServiceScope(Scope):
    """Runs past row security, on a login of its own: for background work, never for a request."""


def _not_visible() -> NotVisibleError:
    return NotVisibleError(
        Code.NOT_VISIBLE,
        "There is no such row for this caller.",
        hint="Answer 404: whether the row exists for somebody else is not the caller's to know.",
    )
