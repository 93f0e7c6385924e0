"""What PostgreSQL answered, as one of freehold's errors: decided by SQLSTATE, never by parsing values.

Codes: PostgreSQL manual, appendix A. Only the constraint, table and column names of the answer are kept:
``message_detail`` of a unique violation, for one, holds the row's values.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final, Protocol

import psycopg

from freehold.errors import (
    CheckViolationError,
    Code,
    ConnectionLostError,
    ConstraintError,
    DatabaseError,
    ForeignKeyError,
    LockTimeoutError,
    NotNullError,
    PermissionDeniedError,
    PolicyViolationError,
    SerializationError,
    StatementTimeoutError,
    UniqueViolationError,
)


class Diagnostic(Protocol):
    """The fields of an error response; psycopg's ``Diagnostic`` has them."""

    @property
    def sqlstate(self) -> str | None: ...
    @property
    def message_primary(self) -> str | None: ...
    @property
    def table_name(self) -> str | None: ...
    @property
    def column_name(self) -> str | None: ...
    @property
    def constraint_name(self) -> str | None: ...
    @property
    def source_function(self) -> str | None: ...


_CONSTRAINTS: Final[dict[str, tuple[type[ConstraintError], Code, str, str]]] = {
    "23505": (
        UniqueViolationError,
        Code.UNIQUE_VIOLATION,
        "A row with this key exists already",
        "Update the existing row, or choose another key.",
    ),
    "23503": (
        ForeignKeyError,
        Code.FOREIGN_KEY,
        "The row referred to does not exist for this owner, or is still referred to",
        "Insert the parent first, and refer only to rows of the same owner.",
    ),
    "23514": (
        CheckViolationError,
        Code.CHECK_VIOLATION,
        "A CHECK constraint refused the row",
        "Send a value that the column's type allows.",
    ),
    "23502": (
        NotNullError,
        Code.NOT_NULL,
        "A column that must have a value has none",
        "Give the column a value, or a default in the model.",
    ),
}

_RETRYABLE: Final = frozenset({"40001", "40P01"})
_LOST_STATES: Final = frozenset({"57P01", "57P02", "57P03", "57P05"})
_PROTOCOL_VIOLATION: Final = "08P01"
_UNDEFINED: Final = frozenset({"3F000", "42P01", "42703", "42883"})
_LOST_HINT: Final = "A read may be repeated; look whether a write arrived before repeating it."
# ExecWithCheckOptions reports a row refused by a policy; aclcheck_error a missing privilege. Both are 42501.
_POLICY_FUNCTION: Final = "ExecWithCheckOptions"


def error_from(diag: Diagnostic) -> DatabaseError:
    """The error for one error response."""
    state = diag.sqlstate
    if state in _CONSTRAINTS:
        error, code, message, hint = _CONSTRAINTS[state]
        columns = (diag.column_name,) if diag.column_name else ()
        where = diag.constraint_name or ".".join(filter(None, (diag.table_name, diag.column_name)))
        return error(
            code,
            f"{message} ({where})." if where else f"{message}.",
            sqlstate=state,
            hint=hint,
            table=diag.table_name,
            constraint=diag.constraint_name,
            columns=columns,
        )
    if state == "42501":
        return _denied(diag)
    if state in _RETRYABLE:
        return SerializationError(
            Code.SERIALIZATION,
            "A concurrent transaction won.",
            sqlstate=state,
            hint="Run the whole transaction again.",
        )
    if state == "57014":
        return StatementTimeoutError(
            Code.STATEMENT_TIMEOUT,
            "The statement was cancelled before it finished.",
            sqlstate=state,
            hint="Raise the scope's statement_timeout, or make the statement cheaper.",
        )
    if state == "55P03":
        return LockTimeoutError(
            Code.LOCK_TIMEOUT,
            "A lock was not to be had in time.",
            sqlstate=state,
            hint="Try again; keep transactions that write the same rows short.",
        )
    if state is None or state in _LOST_STATES or (state.startswith("08") and state != _PROTOCOL_VIOLATION):
        return connection_lost(state)
    return DatabaseError(
        Code.DATABASE,
        f"PostgreSQL refused the statement (SQLSTATE {state}).",
        sqlstate=state,
        detail=_spoken(diag),
        hint="If the models have it, the database lacks a revision: `freehold status` says which, `freehold migrate` applies it."
        if state in _UNDEFINED
        else "The SQLSTATE is explained in appendix A of the PostgreSQL manual.",
    )


def _denied(diag: Diagnostic) -> PermissionDeniedError:
    if diag.source_function == _POLICY_FUNCTION:
        return PolicyViolationError(
            Code.POLICY_VIOLATION,
            "Row level security refused the row.",
            sqlstate="42501",
            hint="A caller may only write rows that the table's policies give to that caller.",
        )
    return PermissionDeniedError(
        Code.PERMISSION_DENIED,
        "The caller's role has no privilege for this.",
        sqlstate="42501",
        detail=diag.message_primary,
        hint="Sign in, leave out columns that callers may not use, or grant the command in the model.",
    )


def _spoken(diag: Diagnostic) -> str | None:
    """The server's sentence for classes whose messages name objects, never values."""
    state = diag.sqlstate or ""
    return diag.message_primary if state[:2] in {"0A", "25", "26", "34", "3D", "3F", "42", "53", "54", "55"} else None


def connection_lost(state: str | None = None) -> ConnectionLostError:
    """The error for a connection that ended before the answer came."""
    return ConnectionLostError(
        Code.CONNECTION_LOST,
        "The connection to PostgreSQL ended before the answer came.",
        sqlstate=state,
        hint=_LOST_HINT,
    )


def translated_error(error: BaseException) -> DatabaseError | None:
    """Freehold's error for one of psycopg's, None for any other; psycopg's loses its text, which may repeat values."""
    if not isinstance(error, psycopg.Error):
        return None
    translation = error_from(error.diag)
    error.args = (translation.message,)
    return translation


@contextmanager
def translated() -> Generator[None]:
    """Turns psycopg's errors into freehold's, without the parameters psycopg may know."""
    try:
        yield
    except psycopg.Error as error:
        raise error_from(error.diag) from None
