"""The functions that look a credential up before anybody is known: their SQL, and calling them in one round trip."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from sqlalchemy import Column, Table, inspect
from sqlalchemy.orm import InstrumentedAttribute

from freehold.errors import Code, DeclarationError
from freehold.models import DefinerFunction, owner_column, table_of
from freehold.models.function import function_body, sql_type
from freehold.policies import Command, quote_identifier, quote_literal
from freehold.scope import Scope
from freehold.scope.definer import call_of

_RESERVED: Final = frozenset({"sub", "role", "aud", "iss", "exp", "iat", "session_id", "token_id", "scopes"})

Claims = Mapping[str, Any]


def body(file: str, model: type[Any], alias: str, **values: object) -> str:
    """The body of a function in ``sql/``, about the table of ``model``."""
    table = table_of(model)
    owner = cast(Column[Any], owner_column(table))
    people = _people(model)
    values = {
        "table": _named(table),
        "owner": sql_type(owner.type),
        "claims": _object(model.__claims__),
        "join": "" if people is None else f"left join {_named(people)} u on u.id = {alias}.{owner.name}",
        **values,
    }
    return function_body("freehold.auth", file, **values)


def opened(model: type[Any], *commands: Command) -> dict[Table, tuple[Command, ...]]:
    """What such a function does to which tables."""
    people = _people(model)
    return {table_of(model): commands} | ({} if people is None else {people: (Command.SELECT,)})


async def rows_of(scope: Scope, function: DefinerFunction, values: Mapping[str, Any]) -> list[Any]:
    """What ``function`` gives for ``values``; planned once."""
    rows: list[Any] = await scope.all(call_of(function, values))
    return rows


def _people(model: type[Any]) -> Table | None:
    """The table that the claims come from: the one whose ``id`` the owner is."""
    tables = {_column(attribute).table for attribute in model.__claims__.values()}
    reserved = _RESERVED & set(model.__claims__)
    if reserved or len(tables) > 1:
        raise DeclarationError(
            Code.CLAIMS_UNDECLARABLE,
            f"{model.__name__} cannot give these claims: {', '.join(sorted(reserved or model.__claims__))}.",
            hint="Name columns of the one table of users, and leave the claims out that freehold sets itself.",
        )
    return next(iter(tables), None)


def _column(attribute: InstrumentedAttribute[Any]) -> Column[Any]:
    column: Column[Any] = inspect(attribute).property.columns[0]
    return column


def _object(claims: Claims) -> str:
    pairs = (f"{quote_literal(name)}, u.{quote_identifier(_column(each).name)}" for name, each in claims.items())
    return f"jsonb_strip_nulls(jsonb_build_object({', '.join(pairs)}))"


def _named(table: Table) -> str:
    return ".".join(quote_identifier(part) for part in (table.schema or "public", table.name))
