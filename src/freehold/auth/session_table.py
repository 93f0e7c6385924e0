"""The table of sessions, for an application's models to include."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Text
from sqlalchemy.dialects.postgresql import JSONB

from freehold.auth.lookup import body, opened
from freehold.identity import Role
from freehold.models import DefinerFunction, Model, Policy, claim, column, created_at, primary_key, table_of
from freehold.models.function import Declaration
from freehold.policies import Command
from freehold.typing import Col


def verification(model: type[Any]) -> DefinerFunction:
    """Whose session has a hash; for ``anon``, because whoever asks is not known yet."""
    table = table_of(model)
    return DefinerFunction(
        schema=table.schema or "public",
        name=f"{table.name}_verify",
        arguments={"hash": Text()},
        returns={"session": Text(), "holder": Text(), "claims": JSONB()},
        body=body("session_verify.sql", model, "s"),
        to=Role.ANON,
        opens=opened(model, Command.SELECT, Command.UPDATE),
        repeatable=True,
    )


def _in_force(t: Any) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = t.revoked_at.is_(None)
    return condition


def _revoked(t: Any) -> ColumnElement[bool]:
    return ~_in_force(t)


def _by_no_token(_: Any) -> ColumnElement[bool]:
    """A token is good for some things; a session would be good for all of them."""
    return claim("token_id").is_(None)


class SessionTable(Model):
    """The columns of sessions; an application's model adds its owner, and `freehold generate` the function.

    A subclass declares ``user_id`` as ``owner(User, commands=(Command.SELECT,))``: callers see their sessions, and may revoke
    one but never undo that. ``__claims__``: claims of whoever is signed in, each with the column of the users' table it
    comes from, looked up at every request.
    """

    __abstract__ = True
    __claims__: ClassVar[Mapping[str, Any]] = {}
    __functions__: ClassVar[tuple[Declaration, ...]] = (verification,)
    __policies__ = (
        Policy(Command.INSERT, owned=True, check=_by_no_token),
        Policy(Command.UPDATE, owned=True, using=_in_force, check=_revoked),
    )

    id: Col[str] = primary_key()
    secret_hash: Col[str] = column(unique=True, scope="secret")
    last_seen_at: Col[datetime] = created_at()
    created_at: Col[datetime] = created_at()
    expires_at: Col[datetime] = column(update=False)
    ends_at: Col[datetime] = column(update=False)
    idle_seconds: Col[int] = column(update=False)
    user_agent: Col[str | None] = column(default=None, update=False)
    revoked_at: Col[datetime | None] = column(default=None, insert=False)
