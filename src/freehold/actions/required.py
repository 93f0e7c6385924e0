"""What the library keeps in the database for actions, and whether it is there: asked once, when the application starts."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

from fastapi import FastAPI

from freehold.actions.action import Action
from freehold.actions.context import Installation
from freehold.errors import Code, ConfigurationError, DatabaseError
from freehold.limits import Daily
from freehold.models import functions_of, table_of
from freehold.scope import Database

_ABSENT: Final = """
select name from unnest($1::text[]) with ordinality each (name, place)
where to_regclass(name) is null and to_regproc(name) is null
order by place
"""
_UNKNOWN: Final = frozenset({"42P01", "42883"})  # no such table, no such function
_log: Final = logging.getLogger(__name__)


def required_models(actions: Sequence[Action[..., Any]]) -> Iterator[type[Any]]:
    """The models of the library's tables that these actions use; imported here, for they are tables once they are."""
    limits = [limit for action in actions for limit in action.limits]
    if limits:
        from freehold.limits.tables import BurstUse, DailyUse  # noqa: PLC0415 - only where they are used

        yield from {DailyUse if isinstance(limit, Daily) else BurstUse: None for limit in limits}
    if any(action.tags or action.touches for action in actions):
        from freehold.actions.tables import Tag  # noqa: PLC0415 - as above

        yield Tag
    if any(action.idempotent for action in actions):
        from freehold.actions.tables import IdempotencyKey  # noqa: PLC0415 - as above

        yield IdempotencyKey


async def require(db: Database, models: Sequence[type[Any]]) -> None:
    """Raises `ConfigurationError` (FH614) for a table, or a function that comes with it, that is not there."""
    names = {name: model for model in models for name in _names(model)}
    found = await db.as_anon().raw(_ABSENT, list(names))
    absent = [names[name] for (name,) in found]
    if absent:
        raise _error(absent)


def requiring(actions: Sequence[Action[..., Any]]) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """The lifespan of these actions' routes: an application without what they need does not start.

    A database that does not answer yet may have it, so that is only logged.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        models, installation = list(required_models(actions)), Installation.in_(app.state)
        if models and installation is not None:
            try:
                await require(installation.db, models)
            except DatabaseError as error:
                _log.warning("whether the tables of actions are there is not known: %s", error)
        yield

    return lifespan


def explained(error: Exception) -> Exception:
    """``error``, or what is the matter where it comes of a table or function that is not there."""
    if not isinstance(error, DatabaseError) or error.sqlstate not in _UNKNOWN:
        return error
    told = _error([])
    told.__cause__ = error
    return told


def _names(model: type[Any]) -> Iterator[str]:
    table = table_of(model)
    place = table.schema or "public"
    yield f"{place}.{table.name}"
    yield from (f"{each.schema}.{each.name}" for each in functions_of(table))


def _error(models: Sequence[type[Any]]) -> ConfigurationError:
    several = dict.fromkeys(models)
    what = ", ".join(each.__tablename__ for each in several) or "something that a statement names"
    lines = "; ".join(f"from {each.__module__} import {each.__name__} as {each.__name__}" for each in several)
    where = f"Write in the module of your models: {lines}" if lines else "Import its model where your models are"
    return ConfigurationError(
        Code.TABLE_ABSENT,
        f"The database lacks {what}.",
        hint=f"{where}. Then: freehold generate -m tables && freehold migrate",
    )
