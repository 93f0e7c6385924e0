"""Policies written as SQLAlchemy expressions over the model, so that a misspelt column fails at import."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Text, Uuid, literal_column
from sqlalchemy.types import TypeEngine

from freehold.errors import Code, DeclarationError
from freehold.identity import Role
from freehold.policies import Command, quote_literal

Predicate = Callable[[Any], ColumnElement[bool]]


@dataclass(frozen=True, init=False)
class Policy:
    """One policy of a table: rows that pass ``using`` may be touched, rows that pass ``check`` written.

    ``using`` and ``check`` take the table's columns and give an expression. UPDATE checks new rows with ``using``
    unless ``check`` says otherwise. ``owned`` narrows the owner policy: the row must be the caller's as well, so
    statements keep the owner filter; both expressions may then be left out.

    Raises `DeclarationError` (FH106) for an expression the command cannot have.
    """

    command: Command
    to: tuple[Role, ...]
    using: Predicate | None
    check: Predicate | None
    owned: bool

    def __init__(
        self,
        command: Command,
        *,
        to: Role | Iterable[Role] = Role.AUTHENTICATED,
        using: Predicate | None = None,
        check: Predicate | None = None,
        owned: bool = False,
    ) -> None:
        roles = (to,) if isinstance(to, Role) else tuple(sorted(set(to)))
        if command is Command.UPDATE and check is None:
            check = using
        _require(command.reads_rows, using, "using", command, optional=owned)
        _require(command.writes_rows, check, "check", command, optional=owned)
        if not roles or Role.SERVICE in roles or (owned and roles != (Role.AUTHENTICATED,)):
            raise DeclarationError(
                Code.POLICY_INVALID,
                "A policy is for anon, authenticated, or both; one that is owned for authenticated alone.",
                hint="The service bypasses row security: leave service_role out. Only signed-in users own rows.",
            )
        values = {"command": command, "to": roles, "using": using, "check": check, "owned": owned}
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def names_authenticated(self) -> bool:
        """Whether it is for signed-in users."""
        return Role.AUTHENTICATED in self.to


def _require(needed: bool, predicate: Predicate | None, word: str, command: Command, *, optional: bool) -> None:
    if needed == (predicate is not None) or (needed and optional):
        return
    raise DeclarationError(
        Code.POLICY_INVALID,
        f"A policy for {command.value} {'needs' if needed else 'cannot have'} a {word} expression.",
        hint="SELECT and DELETE have using, INSERT has check, UPDATE has both.",
    )


def caller_id(kind: TypeEngine[Any] | None = None) -> ColumnElement[Any]:
    """The caller's id inside a policy, evaluated once per statement; text unless ``kind`` is a uuid type."""
    return literal_column(f"(SELECT {_caller(kind)})", kind or Text())


def caller_default(kind: TypeEngine[Any] | None = None) -> ColumnElement[Any]:
    """The caller's id as a column default, where a subquery is not allowed."""
    return literal_column(f"({_caller(kind)})", kind or Text())


def claim(name: str) -> ColumnElement[str]:
    """A claim of the caller's token as text, evaluated once per statement; NULL if it is missing."""
    return literal_column(f"(SELECT auth.jwt() ->> {quote_literal(name)})", Text())


def _caller(kind: TypeEngine[Any] | None) -> str:
    """``auth.uid()`` casts to uuid and would raise for any other id, so text ids come from the claims."""
    return "auth.uid()" if isinstance(kind, Uuid) else "auth.jwt() ->> 'sub'"
