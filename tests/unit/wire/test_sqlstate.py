"""Errors by SQLSTATE: each answer has its class and code, and no value of a row is repeated."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from freehold import errors
from freehold.errors import Code, ConstraintError, DatabaseError
from freehold.wire import connection_lost, error_from

SECRET = "s3cret"


@dataclass
class Answer:
    """The fields of an error response."""

    sqlstate: str | None
    message_primary: str | None = f"value {SECRET}"
    table_name: str | None = "tasks"
    column_name: str | None = None
    constraint_name: str | None = None
    source_function: str | None = None
    message_detail: str | None = f"Key (title)=({SECRET}) already exists."


ANSWERS = [
    ("23505", errors.UniqueViolationError, Code.UNIQUE_VIOLATION),
    ("23503", errors.ForeignKeyError, Code.FOREIGN_KEY),
    ("23514", errors.CheckViolationError, Code.CHECK_VIOLATION),
    ("23502", errors.NotNullError, Code.NOT_NULL),
    ("40001", errors.SerializationError, Code.SERIALIZATION),
    ("40P01", errors.SerializationError, Code.SERIALIZATION),
    ("57014", errors.StatementTimeoutError, Code.STATEMENT_TIMEOUT),
    ("55P03", errors.LockTimeoutError, Code.LOCK_TIMEOUT),
    ("57P01", errors.ConnectionLostError, Code.CONNECTION_LOST),
    ("57P02", errors.ConnectionLostError, Code.CONNECTION_LOST),
    ("57P03", errors.ConnectionLostError, Code.CONNECTION_LOST),
    ("57P05", errors.ConnectionLostError, Code.CONNECTION_LOST),
    ("08006", errors.ConnectionLostError, Code.CONNECTION_LOST),
    (None, errors.ConnectionLostError, Code.CONNECTION_LOST),
    ("22012", DatabaseError, Code.DATABASE),
    ("22P02", DatabaseError, Code.DATABASE),
    ("P0001", DatabaseError, Code.DATABASE),
    ("08P01", DatabaseError, Code.DATABASE),
    ("XX000", DatabaseError, Code.DATABASE),
]


@pytest.mark.parametrize("state", ["3F000", "42P01", "42703", "42883"])
def test_what_is_not_there_was_not_migrated(state: str) -> None:
    """A table, column or function that the models have: the hint is the command, and not a manual."""
    assert "freehold migrate" in (error_from(Answer(state, "no such thing")).hint or "")


@pytest.mark.parametrize(("state", "kind", "code"), ANSWERS, ids=[str(state) for state, _, _ in ANSWERS])
def test_each_state_has_its_error(state: str | None, kind: type[DatabaseError], code: Code) -> None:
    """With a hint, and without the values of message and detail."""
    error = error_from(Answer(state))
    assert type(error) is kind
    assert (error.code, error.sqlstate) == (code, state)
    assert error.hint
    assert SECRET not in f"{error} {error!r} {vars(error)}"


def test_what_a_constraint_error_knows() -> None:
    """Names of the table, the constraint and the column."""
    error = error_from(Answer("23502", column_name="title"))
    assert isinstance(error, ConstraintError)
    assert (error.table, error.columns) == ("tasks", ("title",))
    assert "tasks.title" in error.message


def test_a_policy_is_told_from_a_privilege() -> None:
    """Both are 42501; the function that reports it tells them apart."""
    policy = error_from(Answer("42501", source_function="ExecWithCheckOptions"))
    privilege = error_from(Answer("42501", source_function="aclcheck_error"))
    assert type(policy) is errors.PolicyViolationError
    assert type(privilege) is errors.PermissionDeniedError


def test_a_lost_connection_says_what_to_do() -> None:
    """The outcome of a write is unknown."""
    assert "write" in (connection_lost().hint or "")
