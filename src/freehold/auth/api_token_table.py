"""The table of API tokens, for an application's models to include."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final

from sqlalchemy import Boolean, DateTime, Interval, Text
from sqlalchemy.dialects.postgresql import JSONB

from freehold.auth.lookup import body, opened
from freehold.identity import Role
from freehold.models import DefinerFunction, Model, column, created_at, json, primary_key, table_of, updated_at
from freehold.models.function import Declaration
from freehold.policies import Command
from freehold.typing import Col

_MOMENT: Final = DateTime(timezone=True)


def verification(model: type[Any]) -> DefinerFunction:
    """Whose token has a hash; for ``anon``, because whoever asks is not known yet."""
    table = table_of(model)
    return DefinerFunction(
        schema=table.schema or "public",
        name=f"{table.name}_verify",
        arguments={"hash": Text()},
        returns={"token": Text(), "holder": Text(), "good_for": JSONB(), "expired": Boolean(), "claims": JSONB()},
        body=body("api_token_verify.sql", model, "t"),
        to=Role.ANON,
        opens=opened(model, Command.SELECT, Command.UPDATE),
        repeatable=True,
    )


def creation(model: type[Any]) -> DefinerFunction:
    """A token for the caller: as many as ``__most__``, and none that its maker's own credential is not good for."""
    table = table_of(model)
    return DefinerFunction(
        schema=table.schema or "public",
        name=f"{table.name}_create",
        arguments={
            "token_id": Text(),
            "title": Text(),
            "hash": Text(),
            "prefix": Text(),
            "allowed": JSONB(),
            "until": _MOMENT,
            "replaces": Text(),
            "overlap": Interval(),
        },
        returns={"made": Text(), "ends": _MOMENT},
        body=body("api_token_create.sql", model, "t", most=int(model.__most__)),
        to=Role.AUTHENTICATED,
        opens={table: tuple(Command)},
    )


class ApiTokenTable(Model):
    """The columns of API tokens; an application's model adds its owner, and `freehold generate` the functions.

    A subclass declares ``user_id`` as ``owner(User, commands=(Command.SELECT, Command.DELETE))``: callers read and revoke
    their tokens, and make them through `ApiTokens` alone. ``__most__``: tokens in force, for each user. ``__claims__``:
    claims of whoever holds a token, each with the column of the users' table it comes from, looked up at every use.
    """

    __abstract__ = True
    __most__: ClassVar[int] = 20
    __claims__: ClassVar[Mapping[str, Any]] = {}
    __functions__: ClassVar[tuple[Declaration, ...]] = (verification, creation)

    id: Col[str] = primary_key()
    name: Col[str]
    token_hash: Col[str] = column(insert=False, unique=True, scope="secret")
    token_prefix: Col[str]
    scopes: Col[list[str]] = json(default_factory=list)
    last_used_at: Col[datetime | None] = column(default=None)
    expires_at: Col[datetime | None] = column(default=None)
    created_at: Col[datetime] = created_at()
    updated_at: Col[datetime] = updated_at()
