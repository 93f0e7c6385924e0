"""Sealed values in SQLAlchemy sessions, and as conditions: what is not a verb of a scope."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import ColumnElement, event, inspect
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import ORMExecuteState, Session, object_session
from sqlalchemy.util.concurrency import await_

from freehold.encryption import Sealed, Stored, loaded
from freehold.errors import Code, ConfigurationError, StatementError
from freehold.models import INDEX_SUFFIX, Model, owner_column, places_of, sealed_in, table_of, unplaced
from freehold.scope.caller import Caller
from freehold.scope.executor import Executor
from freehold.scope.placing import assigns_sealed, row_column
from freehold.scope.vault import Vault

_CHAIN: Final = "freehold_chain"


async def attach(session: AsyncSession, vault: Vault, executor: Executor, caller: Caller) -> None:
    """Lets a session seal what it flushes and open what it loads; without a ring its sealed values stay shut."""
    try:
        chain = await vault.chain()
    except ConfigurationError as error:
        if error.code is not Code.KEYS_MISSING:
            raise
        return
    sync = session.sync_session
    sync.info[_CHAIN] = chain
    if caller.owner is not None and not chain.fresh(caller.owner) and _any_sealed():
        await vault.keys(executor, caller, caller.owner)

    def flush(flushed: Session, _context: Any, _instances: Any) -> None:
        held = cast(list[Model], [*flushed.new, *flushed.dirty])
        rows: list[Model] = [row for row in held if places_of(table_of(type(row)))]
        if rows:
            _load_moved(rows)
            before: list[dict[str, Any]] = [dict(vars(row)) for row in rows]
            await_(vault.seal_rows(executor, caller, rows))
            for row, old in zip(rows, before, strict=True):
                _announce(row, old)

    def execute(state: ORMExecuteState) -> Any:
        if state.is_insert or state.is_update:
            if isinstance(state.parameters, Sequence) or (state.parameters and _holds_sealed(state.parameters)):
                _refuse_parameters(state)
            if assigns_sealed(state.statement):
                (state.statement,) = await_(vault.sealed(executor, caller, [state.statement]))

    event.listen(sync, "before_flush", flush)
    event.listen(sync, "do_orm_execute", execute)


async def matching(
    vault: Vault, executor: Executor, caller: Caller, attribute: Any, value: Any, owner: str | UUID | None
) -> ColumnElement[bool]:
    """The condition on a blind index: one of the values that ``value`` has under the owner's keys."""
    place = sealed_in(attribute)
    if place is None or not place.indexed:
        raise StatementError(
            Code.SEALED_COMPARED,
            "matching() needs a sealed column with a blind index.",
            hint="Declare it sealed(index=True).",
        )
    whose = str(owner) if owner is not None else caller.owner
    if owner_column(table_of(attribute.class_)) is None:
        whose = ""
    if whose is None:
        raise unplaced(place)
    data = place.codec.dump(value)
    blind = [key.blind(data, place.table, place.column, whose) for key in await vault.keys(executor, caller, whose)]
    condition: ColumnElement[bool] = getattr(attribute.class_, place.column + INDEX_SUFFIX).in_(blind)
    return condition


@event.listens_for(Model, "load", propagate=True)
def _loaded(row: Model, _context: Any) -> None:
    _place(row)


@event.listens_for(Model, "refresh", propagate=True)
def _refreshed(row: Model, _context: Any, _attributes: Any) -> None:
    _place(row)


def _place(row: Model) -> None:
    """Says of what a session has read which row it belongs to."""
    table = table_of(type(row))
    values, session = vars(row), object_session(row)
    chain = None if session is None else session.info.get(_CHAIN)
    for place in places_of(table):
        value: Any = values.get(place.column)
        if isinstance(value, Stored) and value.owner is None:
            owner = owner_column(table)
            whose = "" if owner is None else values.get(owner.key)
            key = values.get(row_column(table).key)
            values[place.column] = loaded(value.text, whose, key, place, chain)


def _load_moved(rows: Sequence[Model]) -> None:
    """A row that gets another owner or key takes along what it holds sealed, so that must be here."""
    for row in rows:
        table = table_of(type(row))
        state: Any = inspect(row)
        keys = [column for column in (owner_column(table), row_column(table)) if column is not None]
        if state.persistent and any(state.attrs[column.key].history.has_changes() for column in keys):
            for place in places_of(table):
                getattr(row, place.column)


def _announce(row: Model, old: dict[str, Any]) -> None:
    """Tells SQLAlchemy what was sealed, so that it is part of the flush."""
    for place in places_of(table_of(type(row))):
        for name in (place.column, place.column + INDEX_SUFFIX):
            new = vars(row).get(name)
            if new is not old.get(name):
                vars(row)[name] = old.get(name)
                setattr(row, name, new)


def _holds_sealed(parameters: Any) -> bool:
    return any(isinstance(value, Sealed) for value in parameters.values())


def _refuse_parameters(state: ORMExecuteState) -> None:
    """Values beside the statement are not looked through: rows as models, or inside the statement."""
    places = places_of(getattr(state.statement, "table", None))
    rows: Any = state.parameters if isinstance(state.parameters, Sequence) else [state.parameters]
    if places and any(_holds_sealed(row) for row in rows):
        raise unplaced(places[0])


def _any_sealed() -> bool:
    mappers: Any = Model.registry.mappers
    return any(places_of(table_of(mapper.class_)) for mapper in mappers)
